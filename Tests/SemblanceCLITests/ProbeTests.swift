import Foundation
import SemblanceTestSupport
import Testing

/// `probe` as a program.
@Suite struct ProbeCommandTests {
    @Test func reportsEveryItem() throws {
        let listed = try Tool.run(["devices", "--json"], in: Fixture.root).objects
        let device = listed.compactMap { $0["identifier"] as? String }.first { $0.hasPrefix("opencl") }
        guard let device else {
            #expect(
                ProcessInfo.processInfo.environment["SEMBLANCE_REQUIRE_OPENCL"] != "1", "no OpenCL device")
            print("SKIPPED: no OpenCL device; install pocl-opencl-icd")
            return
        }
        try withTemporaryFolder { folder in
            let outcome = try Tool.run(
                ["probe", "--device", device, "--json", "--text", "probe.txt", "--seed", "7"], in: folder)
            #expect(outcome.code == 0, "\(outcome.errors)")
            let objects = try outcome.objects
            let facts = try #require(objects.first)
            #expect(facts["identifier"] as? String == device && facts["seed"] as? Int == 7)
            #expect(
                facts["extensions"] is [String] && facts["local_memory"] is Int
                    && facts["platform_version"] is String)
            let text = try String(contentsOfFile: folder + "/probe.txt", encoding: .utf8)
            let known: Set = ["correct", "refused", "not offered", "measured", "told"]
            for item in objects.dropFirst() {
                let outcome = try #require(item["outcome"] as? String),
                    name = try #require(item["name"] as? String)
                #expect(
                    known.contains(outcome) && item["group"] is String && item["detail"] is String, "\(item)")
                let figures = try #require(item["figures"] as? [[String: Any]])
                #expect(
                    figures.allSatisfy {
                        $0["what"] is String && $0["value"] is Double && $0["unit"] is String
                    })
                #expect(figures.isEmpty == (outcome != "measured"))
                #expect(text.contains(name))
            }
            let groups = Set(objects.compactMap { $0["group"] as? String })
            #expect(groups == ["program", "inline PTX", "local memory", "half", "launches", "transfers"])
        }
    }

    @Test func saysWhatThereIsNot() throws {
        let bare = ["OCL_ICD_VENDORS": "/nonexistent"]
        let none = try Tool.run(["probe", "--device", "auto"], in: Fixture.root, environment: bare)
        #expect(none.code == 1 && none.errors.contains("there is no OpenCL device"))
        let cpu = try Tool.run(["probe", "--device", "cpu"], in: Fixture.root)
        #expect(cpu.code == 1 && cpu.errors.contains("no driver to probe"))
        let missing = try Tool.run(["probe", "--device", "opencl:90:0"], in: Fixture.root)
        #expect(missing.code == 1 && missing.errors.contains("there is no OpenCL device opencl:90:0"))
        let unwritable = try Tool.run(
            ["probe", "--device", "auto", "--text", "/nonexistent/p.txt"], in: Fixture.root, environment: bare
        )
        #expect(unwritable.code == 1 && unwritable.errors.contains("/nonexistent/p.txt"))
    }
}
