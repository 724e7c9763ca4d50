import Foundation
import Semblance

enum BenchSearchCommand: Command {
    static let name = "bench-search"
    static let summary = "Time exact search among random faces, in memory or from a gallery file."
    static let operands = ""
    static let options =
        [
            Option("--faces", "N", "faces to search, one a person (default: 1000000)"),
            Option("--dimension", "N", "numbers of an embedding (default: 512)"),
            Option("--batch", "N", "probes compared at once (default: 1)"),
            Option("-k", "N", "people to find for each probe (default: 1)"),
            Option("--iterations", "N", "timed searches (default: 10)"),
            Option(
                "--gallery", "FILE",
                "search this file, read from the disk each time, for one probe; made with random faces where it is missing"
            ),
            Option(
                "--interactive", nil,
                "time one search for each line of standard input, for alternating with a peer"),
            Option.json,
        ] + Option.device

    private struct Report: Encodable {
        var faces: Int
        var dimension: Int
        var batch: Int
        var people: Int
        var queriesPerSecond: Double
        var medianMs: Double
        /// Bytes of the vectors over the median.
        var gigabytesPerSecond: Double
        var gigaflops: Double
        var device: String
        var peakBytes: Int
    }

    static func run(_ arguments: Arguments) throws -> Int32 {
        _ = try arguments.operands(0, "no operands")
        let faces = try arguments.integer("--faces", 1...100_000_000) ?? 1_000_000
        let dimension = try arguments.integer("--dimension", 1...16_000) ?? 512
        let batch = try arguments.integer("--batch", 1...4096) ?? 1
        let people = try arguments.integer("-k", 1...10_000) ?? 1
        let iterations = try arguments.integer("--iterations", 1...1_000_000) ?? 10
        let device = try arguments.device()
        if let path = arguments.text("--gallery") {
            if !FileManager.default.fileExists(atPath: path) {
                try SearchBenchmark.makeGallery(path, faces: faces, dimension: dimension)
            }
            for _ in 0..<iterations {
                let times = try SearchBenchmark.cold(path, people: people, on: device)
                if arguments.flag("--json") {
                    try Console.json(times)
                } else {
                    Console.print(
                        "\(times.bytes >> 20) MiB: read in \(times.reading.formatted(2)) s, searched in \(times.search.formatted(2)) s"
                    )
                }
            }
            return 0
        }
        let benchmark = try SearchBenchmark(
            faces: faces, dimension: dimension, probes: batch, people: people, on: device)
        if arguments.flag("--interactive") {
            _ = try benchmark.run()
            Console.print("ready")
            while readLine() != nil { Console.print("\(try benchmark.run() * 1e3)") }
            return 0
        }
        _ = try benchmark.run()
        let times = try (0..<iterations).map { _ in try benchmark.run() }.sorted()
        let median = times[times.count / 2]
        let numbers = Double(faces) * Double(dimension)
        let report = Report(
            faces: faces, dimension: dimension, batch: batch, people: people,
            queriesPerSecond: Double(batch) / median, medianMs: median * 1e3,
            gigabytesPerSecond: numbers * 4e-9 / median,
            gigaflops: 2e-9 * numbers * Double(batch) / median, device: device.device.identifier,
            peakBytes: Benchmark.peakBytes)
        if arguments.flag("--json") {
            try Console.json(report)
        } else {
            Console.print(
                """
                \(batch) probes among \(faces) faces of \(dimension): \(report.queriesPerSecond.formatted(1)) queries/s, median \
                \(report.medianMs.formatted(2)) ms, \(report.gigabytesPerSecond.formatted(1)) GB/s, \
                \(report.gigaflops.formatted(1)) GFLOP/s
                device \(device.device.identifier) (\(device.device.name)); process peak \(report.peakBytes >> 20) MiB
                """)
        }
        return 0
    }
}
