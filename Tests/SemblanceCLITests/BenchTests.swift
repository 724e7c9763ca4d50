import Foundation
import Semblance
import SemblanceTestSupport
import Testing

/// What `bench` measures and compares.
@Suite struct BenchTests {
    private let face = "data/person03/00.png"
    private let model = ["--model", "m.onnx"] + Fixture.device

    @Test func benchTimesIt() throws {
        for mode in [[], ["--training", "--classes", "4"]] {
            let report = try #require(
                try Tool.objects(["bench", "--iterations", "3", "--batch", "2"] + mode + model).first)
            for key in [
                "images_per_second", "median_ms", "low_ms", "high_ms", "gigaflops", "gigabytes_per_second",
            ] {
                #expect(try #require(report[key] as? Double) > 0, "\(key)")
            }
            #expect(report["batch"] as? Int == 2 && report["iterations"] as? Int == 3)
            #expect(
                report["device"] as? String == "cpu" && report["reason"] as? String == "the CPU was asked for"
            )
            #expect(report["precision"] as? String == "float")
            #expect(report["mode"] as? String == (mode.isEmpty ? "inference" : "training"))
            #expect(try #require(report["peak_bytes"] as? Int) > 1 << 20)
        }
    }

    @Test(.enabled(if: ProcessInfo.processInfo.environment["SEMBLANCE_REQUIRE_OPENCL"] == "1"))
    func benchTimesHalves() throws {
        for mode in [[], ["--training", "--classes", "4"]] {
            let reports = try ["float", "half"].map { precision in
                try Tool.objects(
                    ["bench", "--iterations", "1", "--model", "m.onnx", "--device", "opencl:0:0"] + mode
                        + ["--precision", precision])[0]
            }
            #expect(reports.map { $0["precision"] as? String } == ["float", "half"])
            let bytes = try reports.map { try #require($0["plan_bytes"] as? Int) }
            #expect(bytes[1] < bytes[0])
        }
    }

    @Test func theCPUHasNoHalves() throws {
        let outcome = try Tool.run(["bench"] + model + ["--precision", "half"], in: Fixture.root)
        #expect(outcome.code == 2 && outcome.errors.contains("the CPU computes in float"))
        let other = try Tool.run(["bench"] + model + ["--precision", "quarter"], in: Fixture.root)
        #expect(other.code == 2 && other.errors.contains("choose from float, tf32, half"))
    }

    @Test func benchTimesPhotographs() throws {
        let report = try #require(
            try Tool.objects(["bench", "--photos", "data", "--iterations", "3", "--per-turn", "5"] + model)
                .first)
        #expect(report["mode"] as? String == "photos" && report["photos"] as? Int == 32)
        // The model takes whole images: each is a face.
        #expect(report["photos_with_face"] as? Int == 15 && report["batch"] as? Int == 4)
        let median = try #require(report["median_ms"] as? Double)
        let rate = try #require(report["images_per_second"] as? Double)
        #expect(median > 0 && abs(rate * median / 5e3 - 1) < 1e-6)
        #expect(report["device"] as? String == "cpu")
    }

    /// Turns go through the sorted paths and around: a file that cannot be read ends the run in the turn that it belongs to.
    @Test func benchTakesPhotographsInTheOrderOfTheirPaths() throws {
        try withTemporaryFolder { folder in
            let face = try bytes(Fixture.root + "/" + face)
            for name in ["Zoe/1.PNG", "anna.png", "b/2.jpeg", "b/1.jpg", "b/notes.txt"] {
                let file = URL(filePath: folder + "/photos/" + name)
                try FileManager.default.createDirectory(
                    at: file.deletingLastPathComponent(), withIntermediateDirectories: true)
                try (name == "b/2.jpeg" ? Data("no image".utf8) : face).write(to: file)
            }
            let model = try Fixture.root + "/m.onnx"
            let bench = "$S bench --photos photos --model \(model) --per-turn 3 --interactive"
            // Zoe, anna and b/1 are well; b/2 is the second turn's first.
            let first = try Tool.shell("echo go | \(bench)", in: folder)
            #expect(first.code == 0, "\(first.errors)")
            #expect(first.lines.first == "ready" && first.lines.count == 2)
            #expect(first.lines.last?.split(separator: " ").last == "3")
            #expect(Double(first.lines.last?.split(separator: " ").first ?? "") ?? 0 > 0)
            let second = try Tool.shell("yes | head -2 | \(bench)", in: folder)
            #expect(second.code == 1 && second.lines.count == 2)
            #expect(second.errors.contains("photos/b/2.jpeg is not an image"))
        }
    }

    @Test func theProfileAddsUp() throws {
        try withTemporaryFolder { folder in
            let trace = folder + "/trace.json"
            let options = ["--iterations", "20", "--batch", "8", "--profile", "--ceilings", "--trace", trace]
            let report = try #require(try Tool.objects(["bench"] + options + model).first)
            let median = try #require(report["median_ms"] as? Double)
            let layers = try #require(report["layers"] as? [[String: Any]])
            let seconds = layers.compactMap { $0["seconds"] as? Double }
            #expect(seconds.count == layers.count && seconds.allSatisfy { $0 > 0 })
            // Medians of parts are below that of the whole where something else interrupts each run in another place.
            let sum = seconds.reduce(0, +) * 1e3
            #expect(sum < 1.2 * median, "\(sum) of \(median) ms")
            let operations = try layers.map { try #require($0["operations"] as? Int) }.reduce(0, +)
            let gigaflops = try #require(report["gigaflops"] as? Double)
            #expect(abs(gigaflops - Double(operations) / median * 1e-6) < 1e-6 * gigaflops)
            let ceilings = try #require(report["ceilings"] as? [String: Double])
            #expect(try #require(ceilings["product"]) > 1e9 && ceilings["copy"]! > 1e8)

            let content = try JSONSerialization.jsonObject(with: Data(contentsOf: URL(filePath: trace)))
            let events = try #require((content as? [String: Any])?["traceEvents"] as? [[String: Any]])
            let kernels = layers.flatMap { $0["kernels"] as? [String] ?? [] }
            #expect(events.compactMap { $0["name"] as? String } == kernels)
            // One after the other, with next to nothing between them.
            var end = 0.0, total = 0.0
            for event in events {
                let start = try #require(event["ts"] as? Double),
                    length = try #require(event["dur"] as? Double)
                #expect(start >= end - 1e-3 && length > 0)
                end = start + length
                total += length
            }
            let begin = try #require(events.first?["ts"] as? Double)
            #expect(total > 0.5 * (end - begin), "\(total) of \(end - begin) microseconds")
        }
    }

    // MARK: compare

    private func results(_ rows: [(String, [Double])], in path: String) throws {
        let rows = rows.map { ["name": $0, "semblance_times_ms": $1] as [String: Any] }
        let file: [String: Any] = ["date": "2026-01-02", "processor": "P", "threads": 2, "results": rows]
        try JSONSerialization.data(withJSONObject: file).write(to: URL(filePath: path))
    }

    @Test func compareTellsWhatChanged() throws {
        try withTemporaryFolder { folder in
            try results(
                [("a", [9, 10, 11]), ("b", [4, 5, 6]), ("gone", [1, 1, 1])], in: folder + "/old.json")
            try results(
                [("b", [5, 5.5, 7]), ("a", [4, 5, 6]), ("new", [1, 1, 1])], in: folder + "/new.json")
            let outcome = try Tool.run(["bench", "compare", "old.json", "new.json", "--json"], in: folder)
            #expect(outcome.code == 0)
            let rows = try outcome.objects
            #expect(rows.map { $0["name"] as? String } == ["a", "b"])
            #expect(rows[0]["speedup"] as? Double == 2 && rows[0]["is_within_noise"] as? Bool == false)
            #expect(rows[1]["after_ms"] as? Double == 5.5 && rows[1]["is_within_noise"] as? Bool == true)
            for name in ["gone", "new"] { #expect(outcome.errors.contains("only one file has: \(name)")) }
            let text = try Tool.run(["bench", "compare", "old.json", "new.json"], in: folder)
            #expect(text.output.contains("2.00  a") && text.output.contains("b (within the noise)"))
        }
    }

    @Test func compareRefusesOtherFiles() throws {
        try withTemporaryFolder { folder in
            try results([("a", [1, 2, 3])], in: folder + "/good.json")
            try results([("a", [0, 0, 0])], in: folder + "/zero.json")
            try results([("a", [1, 2, 3]), ("a", [4, 5, 6])], in: folder + "/twice.json")
            try results([("b", [1, 2, 3])], in: folder + "/other.json")
            try Data("[1, 2".utf8).write(to: URL(filePath: folder + "/cut.json"))
            for bad in ["zero.json", "twice.json", "other.json", "cut.json", "missing.json"] {
                let outcome = try Tool.run(["bench", "compare", "good.json", bad], in: folder)
                #expect(outcome.code == 1 && outcome.errors.contains(bad), "\(outcome.errors)")
            }
            #expect(try Tool.run(["bench", "compare", "good.json"], in: folder).code == 2)
        }
    }
}
