import Foundation
import Semblance
import SemblanceCore

enum BenchCommand: Command {
    static let name = "bench"
    static let summary =
        "Time a model on a device: inference, a training step, or the way from photographs to embeddings."
    static let operands = "[compare BEFORE AFTER]"
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
            Option(
                "--ceilings", nil,
                "measure what the device reaches at best, and say how near the result comes"),
            Option("--profile", nil, "list the time of each kernel and layer, or of each stage"),
            Option("--trace", "FILE", "write one run's kernels for chrome://tracing or Perfetto"),
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
        /// 10 and 90 of 100 runs took less.
        var lowMs: Double
        var highMs: Double
        var iterations: Int
        /// By the direct algorithm's operations and the bytes of every layer's inputs and outputs.
        var gigaflops: Double
        var gigabytesPerSecond: Double
        var ceilings: DeviceCeilings?
        var device: String
        var deviceName: String
        var platform: String
        var driver: String
        var precision: Precision
        var reason: String
        /// The tuning table in use.
        var tuning: String?
        var planBytes: Int
        var peakBytes: Int
        var layers: [LayerProfile.Layer]?
    }

    static func run(_ arguments: Arguments) throws -> Int32 {
        if arguments.operands.first == "compare" { return try compare(arguments) }
        _ = try arguments.operands(0, "no operands, or `compare BEFORE AFTER`")
        if arguments.flag("--interactive") {
            try arguments.refuse(
                ["--ceilings", "--profile", "--trace", "--iterations", "--json"], "with --interactive")
        }
        if let folder = arguments.text("--photos") { return try runPhotos(in: folder, arguments) }
        if let name = arguments.given(["--per-turn", "--detector", "--min-face", "--face-score"]) {
            throw SemblanceError(
                .usage, "\(name) is given without --photos",
                remedy: "name a folder of photographs with --photos, or leave \(name) out")
        }
        let path = try FaceOptions.path("--model", standard: "sface", arguments)
        let batch = try arguments.integer("--batch", 1...65536) ?? 1
        let iterations = try arguments.integer("--iterations", 1...1_000_000) ?? 30
        let isTraining = arguments.flag("--training")
        if !isTraining, arguments.text("--classes") != nil {
            throw SemblanceError(
                .usage, "--classes is given without --training",
                remedy: "time a training step with --training")
        }
        let trace = arguments.text("--trace")
        let isProfiled = arguments.flag("--profile") || trace != nil
        if let trace { try checkWritable(trace) }
        let device = try arguments.device()
        let benchmark = try Benchmark(
            path: path, batch: batch,
            mode: isTraining
                ? .training(classes: arguments.integer("--classes", 2...10_000_000) ?? 1000) : .inference,
            profiles: isProfiled, on: device)
        if arguments.flag("--interactive") {
            // A peer's script asks for one run at a time, so that both sides meet the same noise.
            Console.print("ready")
            while readLine() != nil { Console.print("\(try benchmark.run() * 1e3)") }
            return 0
        }
        for _ in 0..<3 { _ = try benchmark.run() }
        let profile = try isProfiled ? benchmark.profile(runs: iterations) : nil
        let times = try profile?.walls ?? (0..<iterations).map { _ in try benchmark.run() }
        // Before the ceilings, whose product takes more memory than most models.
        let peakBytes = Benchmark.peakBytes
        let ceilings = try arguments.flag("--ceilings") ? DeviceCeilings(of: device) : nil
        let median = times.median
        let work = benchmark.work
        let report = Report(
            model: path, network: benchmark.network, mode: isTraining ? "training" : "inference",
            batch: batch, imagesPerSecond: Double(batch) / median, medianMs: median * 1e3,
            lowMs: times.quantile(0.1) * 1e3, highMs: times.quantile(0.9) * 1e3, iterations: iterations,
            gigaflops: Double(work.operations) / median * 1e-9,
            gigabytesPerSecond: Double(work.bytes) / median * 1e-9, ceilings: ceilings,
            device: device.device.identifier, deviceName: device.device.name,
            platform: device.device.platform, driver: device.device.driver,
            precision: device.precision, reason: device.reason,
            tuning: device.tuning, planBytes: benchmark.planBytes, peakBytes: peakBytes,
            layers: profile?.layers)
        if arguments.flag("--json") {
            try Console.json(report)
        } else {
            print(report)
            if let profile { print(profile) }
        }
        if let trace { try profile?.writeTrace(to: trace) }
        return 0
    }

    private static func print(_ report: Report) {
        Console.print(
            """
            \(report.network) \(report.mode), batch \(report.batch): \(report.imagesPerSecond.formatted(1)) images/s, median \
            \(report.medianMs.formatted(2)) ms (10-90 %: \(report.lowMs.formatted(2)) to \(report.highMs.formatted(2))) over \
            \(report.iterations) runs
            \(report.gigaflops.formatted(1)) GFLOP/s, \(report.gigabytesPerSecond.formatted(1)) GB/s between layers
            """)
        if let ceilings = report.ceilings {
            let (product, copy) = (ceilings.product * 1e-9, ceilings.copy * 1e-9)
            Console.print(
                """
                the device's ceilings: a product \(product.formatted(1)) GFLOP/s (\((report.gigaflops / product).percent) of it), a copy \
                \(copy.formatted(1)) GB/s (\((report.gigabytesPerSecond / copy).percent))
                """)
        }
        Console.print(
            """
            device \(report.device) (\(report.deviceName), \(report.platform) \(report.driver))\(report.precision.suffix): \(report.reason)
            memory: plan \(report.planBytes >> 20) MiB, process peak \(report.peakBytes >> 20) MiB
            """)
        printTuning(report.tuning, device: report.device)
    }

    /// The table in use, where one could be.
    static func printTuning(_ table: String?, device: String) {
        if device != "cpu" { Console.print("tuning: \(table ?? "no table")") }
    }

    private static func print(_ profile: LayerProfile) {
        for (kernel, count, seconds) in profile.kernels {
            Console.print(String(format: "%9.3f ms %5d x", seconds * 1e3, count) + "  \(kernel)")
        }
        Console.print(
            "\((profile.seconds * 1e3).formatted(3)) ms in kernels, \((profile.wall * 1e3).formatted(3)) ms from queueing to the result\n\n       ms  GFLOP/s    GB/s  layer"
        )
        for layer in profile.layers {
            let (operations, bytes) = (Double(layer.operations), Double(layer.bytes))
            let seconds = max(layer.seconds, 1e-9)
            let figures = String(
                format: "%9.3f %8.1f %7.1f", seconds * 1e3, operations / seconds * 1e-9,
                bytes / seconds * 1e-9)
            let shape = layer.output.map(String.init).joined(separator: "x")
            Console.print(
                "\(figures)  \(layer.operation) \(layer.name) [\(shape)] (\(layer.kernels.joined(separator: ", ")))"
            )
        }
    }
}
