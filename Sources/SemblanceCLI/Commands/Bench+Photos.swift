import Foundation
import Semblance

extension BenchCommand {
    private struct PhotoReport: Encodable {
        var model: String
        var detector: String
        var mode = "photos"
        /// In the folder.
        var photos: Int
        var perTurn: Int
        var batch: Int
        var imagesPerSecond: Double
        var medianMs: Double
        /// 10 and 90 of 100 turns took less.
        var lowMs: Double
        var highMs: Double
        var iterations: Int
        /// In all timed runs together, of `iterations` times `perTurn` photographs.
        var photosWithFace: Int
        var device: String
        var deviceName: String
        var precision: Precision
        var reason: String
        /// The tuning table in use.
        var tuning: String?
        var peakBytes: Int
        var stages: [Stage]?
    }

    private struct Stage: Encodable {
        var name: String
        /// An image.
        var ms: Double
    }

    /// Times the way from photograph files to embeddings of the face nearest the middle.
    static func runPhotos(in folder: String, _ arguments: Arguments) throws -> Int32 {
        try arguments.refuse(["--training", "--classes", "--ceilings", "--trace"], "with --photos")
        let iterations = try arguments.integer("--iterations", 1...1_000_000) ?? 30
        let batch = try arguments.integer("--batch", 1...4096)
        let perTurn = try arguments.integer("--per-turn", 1...1_000_000)
        let photos = try FaceOptions.photos(
            arguments, batch: batch ?? 16, isFixed: batch != nil, faces: .central)
        var benchmark = try PhotoBenchmark(folder: folder, perTurn: perTurn, recognizer: photos)
        try benchmark.warmUp()
        if arguments.flag("--interactive") {
            Console.print("ready")
            while readLine() != nil {
                let turn = try benchmark.run()
                Console.print("\(turn.seconds * 1e3) \(turn.photosWithFace)")
            }
            return 0
        }
        let turns = try (0..<iterations).map { _ in try benchmark.run() }
        let times = turns.map { $0.seconds * 1e3 }
        let median = times.median
        let device = photos.recognizer.device
        let peakBytes = Benchmark.peakBytes
        let stages =
            try arguments.flag("--profile")
            ? benchmark.stages().map { Stage(name: $0, ms: $1 * 1e3 / Double(benchmark.perTurn)) } : nil
        let report = PhotoReport(
            model: photos.recognizer.model.identity.description, detector: photos.method,
            photos: benchmark.paths.count, perTurn: benchmark.perTurn, batch: photos.recognizer.batch,
            imagesPerSecond: Double(benchmark.perTurn) * 1e3 / median, medianMs: median,
            lowMs: times.quantile(0.1), highMs: times.quantile(0.9), iterations: iterations,
            photosWithFace: turns.reduce(0) { $0 + $1.photosWithFace }, device: device.device.identifier,
            deviceName: device.device.name, precision: device.precision,
            reason: device.reason, tuning: device.tuning, peakBytes: peakBytes, stages: stages)
        if arguments.flag("--json") {
            try Console.json(report)
        } else {
            Console.print(
                """
                photographs to embeddings, \(report.perTurn) a run: \(report.imagesPerSecond.formatted(1)) images/s, median \
                \(median.formatted(2)) ms (10-90 %: \(report.lowMs.formatted(2)) to \(report.highMs.formatted(2))) over \
                \(iterations) runs
                faces in \(report.photosWithFace) of \(iterations * report.perTurn) photographs (\(report.photos) different)
                detector \(report.detector); model \(report.model)
                device \(report.device) (\(report.deviceName))\(report.precision.suffix): \(report.reason)
                memory: process peak \(report.peakBytes >> 20) MiB
                """)
            printTuning(report.tuning, device: report.device)
            for stage in stages ?? [] {
                Console.print(String(format: "%9.3f ms an image", stage.ms) + "  \(stage.name)")
            }
        }
        return 0
    }
}
