import Foundation
import SemblanceTestSupport
import Testing

/// `devices`, `doctor` and `--check-every` as programs.
@Suite struct DoctorCommandTests {
    /// Without any OpenCL driver.
    private let bare = ["OCL_ICD_VENDORS": "/nonexistent"]

    @Test func devicesTellsWhatWouldBeUsed() throws {
        let objects = try Tool.run(["devices", "--json"], in: Fixture.root).objects
        for object in objects {
            #expect(object["products"] is String && object["use"] is String && object["quirks"] is [String])
            guard object["identifier"] as? String != "cpu" else { continue }
            #expect((object["work_group_limit"] as? Int ?? 0) > 0 && object["local_memory"] is Int)
            #expect(object["opencl_version"] is String && object["half_precision"] is String)
        }
        #expect(objects.filter { $0["selected"] as? Bool == true }.count == 1)
        let without = try Tool.run(["devices"], in: Fixture.root, environment: bare)
        #expect(without.code == 0 && without.output.contains("no OpenCL platform is installed"))
    }

    /// The loader says nothing of a driver that it cannot load; the user would look for the GPU in vain.
    @Test func driversThatCannotBeLoadedAreNamed() throws {
        try withTemporaryFolder { folder in
            try Data("libno-such-driver.so.1\n".utf8).write(to: URL(filePath: folder + "/gone.icd"))
            try Data("\n".utf8).write(to: URL(filePath: folder + "/empty.icd"))
            try Data("libneither.so\n".utf8).write(to: URL(filePath: folder + "/other.txt"))
            let environment = ["OCL_ICD_VENDORS": folder]
            for command in [["devices"], ["devices", "--json"]] {
                let outcome = try Tool.run(command, in: Fixture.root, environment: environment)
                #expect(outcome.code == 0 && !outcome.errors.contains("libneither"))
                #expect(
                    outcome.errors.contains(
                        "\(folder)/gone.icd names the OpenCL driver libno-such-driver.so.1"))
                #expect(outcome.errors.contains("\(folder)/empty.icd names no OpenCL driver"))
            }
            let doctor = try Tool.run(
                ["doctor", "--json", "--device", "auto"], in: Fixture.root, environment: environment)
            let notes = try #require(try doctor.objects.last?["notes"] as? [String])
            #expect(doctor.code == 0 && notes.contains { $0.contains("libno-such-driver.so.1") }, "\(notes)")
        }
    }

    @Test func unknownDevicesAreAnsweredWithThoseThatThereAre() throws {
        let device = try Tool.openCLDevice()
        for command in [["devices"], ["doctor"], ["embed", "--model", "m.onnx", "data/person00/00.png"]] {
            let outcome = try Tool.run(command + ["--device", "cuda:0"], in: Fixture.root)
            #expect(outcome.code == 2 && outcome.errors.contains("there is no device \"cuda:0\""))
            if let device { #expect(outcome.errors.contains(device)) }
            let missing = try Tool.run(command + ["--device", "opencl:90:0"], in: Fixture.root)
            #expect(missing.code == 1 && missing.errors.contains("there is no OpenCL device opencl:90:0"))
            if let device { #expect(missing.errors.contains(device)) }
        }
    }

    /// Whatever takes longer than the user's patience ends the program and is named.
    @Test func doctorDoesNotWaitForever() throws {
        let outcome = try Tool.run(["doctor", "--patience", "0.01"], in: Fixture.root, environment: bare)
        #expect(outcome.code == 1)
        #expect(outcome.errors.contains("no answer for 0.01 s from: "))
        #expect(outcome.errors.contains("--patience"))
    }

    /// A machine without a GPU is healthy, and hears what to install; a model that gives nonsense is found.
    @Test func doctorWithoutAGPU() throws {
        let outcome = try Tool.run(
            ["doctor", "--json", "--model", "m.onnx", "--device", "auto"], in: Fixture.root, environment: bare
        )
        #expect(outcome.code == 0, "\(outcome.output)")
        let objects = try outcome.objects
        #expect(objects.count == 2 && objects[0]["device"] as? String == "cpu")
        #expect((objects[0]["networks"] as? [[String: Any]])?.count == 3)
        #expect(objects[1]["verdict"] as? String == "healthy")
        let notes = try #require(objects[1]["notes"] as? [String])
        #expect(notes.contains { $0.hasPrefix("no GPU was found") })

        try withTemporaryFolder { folder in
            var model = try Data(contentsOf: URL(filePath: Fixture.root + "/m.onnx"))
            // Weights that are NaN.
            let middle = model.count / 2
            for index in middle..<middle + 64 { model[index] = 0xFF }
            try model.write(to: URL(filePath: folder + "/nan.onnx"))
            let ill = try Tool.run(["doctor", "--model", "nan.onnx"], in: folder, environment: bare)
            #expect(ill.code == 1, "\(ill.errors)")
            #expect(ill.output.contains("wrong: cpu: nan.onnx: ") && ill.output.contains("verdict: ill"))
        }
    }

    @Test func checkEveryComparesWithTheCPU() throws {
        let probes = (0..<3).map { "data/person00/0\($0).png" }
        let identify = ["identify", "--model", "m.onnx", "--gallery", "two", "--json"] + Fixture.device
        let onCPU = try Tool.run(identify + ["--check-every", "1"] + probes, in: Fixture.root)
        #expect(onCPU.code == 0 && onCPU.errors.contains("--check-every has nothing to do"))
        #expect(try onCPU.objects.last?["checked"] as? Int == 0)
        let refused = try Tool.run(identify + ["--check-every", "0"] + probes, in: Fixture.root)
        #expect(refused.code == 2)

        guard let device = try Tool.openCLDevice() else { return }
        let outcome = try Tool.run(
            identify + ["--check-every", "2", "--device", device] + probes, in: Fixture.root)
        #expect(outcome.code == 0, "\(outcome.errors)")
        let summary = try #require(try outcome.objects.last)
        // Six of the folder of known people, and three probes.
        #expect(summary["check"] as? String == "summary" && summary["checked"] as? Int == 5)
        #expect(summary["disagreements"] as? Int == 0 && summary["lowest_cosine"] as? Double ?? 0 > 0.9999)
        try withTemporaryFolder { folder in
            let enrolled = try Tool.run(
                ["enroll", "A", "--model", "m.onnx", "--gallery", folder + "/g.db", "--device", device]
                    + ["--check-every", "1"] + probes, in: Fixture.root)
            #expect(enrolled.code == 0 && enrolled.errors.contains("checked 3 embeddings on the CPU"))
        }
    }
}
