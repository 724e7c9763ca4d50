import Foundation
import Semblance

enum BenchCommand: Command {
    static let name = "bench"
    static let summary =
        "Time a model on a device: inference, a training step, or the way from photographs to embeddings."
    static let operands = ""
    static let options =
        [
            FaceOptions.model, Option("--batch", "N", "images at once (default: 1; 16 for photographs)"),
            Option("--iterations", "N", "timed runs (default: 30)"),
            Option(
                "--photos", "DIR",
                "time decoding, detection, alignment and embedding of the photographs below a folder"),
            Option("--per-turn", "N", "photographs in a run (default: 48, or all of fewer)"),
        ] + FaceOptions.detector + [
            Option("--training", nil, "time a whole training step instead of inference"),
            Option("--classes", "N", "people in the training step (default: 1000)"),
            Option("--profile", nil, "list the time of each kernel, or of each stage"),
            Option(
                "--interactive", nil,
                "time one run for each line of standard input, for alternating with a peer"),
            Option.json,
        ] + Option.device

    private struct Report: Encodable {
        var model: String
        var network: String
        var mode: String
        var batch: Int
        var imagesPerSecond: Double
        var medianMs: Double
        var minimumMs: Double
        var maximumMs: Double
        var iterations: Int
        var device: String
        var deviceName: String
        var reason: String
        var planBytes: Int
        var peakBytes: Int
    }

    static func run(_ arguments: Arguments) throws -> Int32 {
        _ = try arguments.operands(0, "no operands")
        if let folder = arguments.text("--photos") { return try runPhotos(in: folder, arguments) }
        for name in ["--per-turn", "--detector", "--min-face", "--face-score"]
        where arguments.text(name) != nil {
            throw SemblanceError(
                .usage, "\(name) is given without --photos",
                remedy: "name a folder of photographs with --photos, or leave \(name) out")
        }
        let path = try ModelFolder.resolve(arguments.required("--model"))
        let batch = try arguments.integer("--batch", 1...65536) ?? 1
        let iterations = try arguments.integer("--iterations", 1...1_000_000) ?? 30
        let isTraining = arguments.flag("--training")
        let device = try arguments.device()
        let benchmark = try Benchmark(
            path: path, batch: batch,
            mode: isTraining
                ? .training(classes: arguments.integer("--classes", 2...10_000_000) ?? 1000) : .inference,
            profiles: arguments.flag("--profile"), on: device)
        if arguments.flag("--interactive") {
            // A peer's script asks for one run at a time, so that both sides meet the same noise.
            Console.print("ready")
            while readLine() != nil { Console.print("\(try benchmark.run() * 1e3)") }
        }
        var times: [Double] = []
        if !arguments.flag("--interactive") {
            for _ in 0..<3 { _ = try benchmark.run() }
            for _ in 0..<iterations { times.append(try benchmark.run() * 1e3) }
        }
        times.sort()
        let median = times.isEmpty ? 0 : times[times.count / 2]
        let report = Report(
            model: path, network: benchmark.network, mode: isTraining ? "training" : "inference",
            batch: batch,
            imagesPerSecond: median > 0 ? Double(batch) * 1e3 / median : 0, medianMs: median,
            minimumMs: times.first ?? 0, maximumMs: times.last ?? 0, iterations: times.count,
            device: device.device.identifier, deviceName: device.device.name, reason: device.reason,
            planBytes: benchmark.planBytes, peakBytes: Benchmark.peakBytes)
        if arguments.flag("--json") {
            try Console.json(report)
        } else {
            Console.print(
                """
                \(report.network) \(report.mode), batch \(batch): \(report.imagesPerSecond.formatted(1)) images/s, median \
                \(median.formatted(2)) ms (\(report.minimumMs.formatted(2)) to \(report.maximumMs.formatted(2))) over \
                \(times.count) runs
                device \(report.device) (\(report.deviceName)): \(report.reason)
                memory: plan \(report.planBytes >> 20) MiB, process peak \(report.peakBytes >> 20) MiB
                """)
        }
        if arguments.flag("--profile") {
            for timing in try benchmark.timings() {
                let milliseconds = String(format: "%9.3f ms %5d x", timing.seconds * 1e3, timing.count)
                Console.print("\(milliseconds)  \(timing.kernel)")
            }
        }
        return 0
    }
}
