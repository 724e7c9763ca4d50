import Foundation
import SemblanceCore

/// Where the time of a program goes, step by step.
public struct LayerProfile: Sendable {
    /// A step of the program, with what it cost in the median of some runs.
    public struct Layer: Sendable, Encodable {
        public var name: String
        public var operation: String
        public var output: [Int]
        public var kernels: [String]
        public var seconds: Double
        /// At least: see `OpWork`.
        public var operations: Int
        public var bytes: Int
    }

    public let layers: [Layer]
    /// Of whole runs, from queueing to having the result, in seconds.
    public let walls: [Double]
    public var wall: Double { walls.median }
    /// Of the program's steps.
    private let names: [String]
    /// Kernels of the last run.
    private let last: [StepTiming]
    private let device: Device

    /// Times of all kernels together: about `wall`, less queueing and waiting.
    public var seconds: Double { layers.reduce(0) { $0 + $1.seconds } }

    /// - Parameters:
    ///   - plan: prepared with `profiles`.
    ///   - precision: of the backend that prepared it.
    ///   - runs: one or more.
    ///   - run: runs the plan once, and returns what it took in seconds.
    init(
        of plan: any Plan, in precision: Precision, runs: Int, _ run: () throws(SemblanceError) -> Double
    ) throws(SemblanceError) {
        var walls: [Double] = [], samples: [[StepTiming]] = []
        for _ in 0..<max(runs, 1) {
            walls.append(try run())
            samples.append(try plan.timings())
        }
        let program = plan.program, elements = plan.program.elements(precision)
        let last = samples[samples.count - 1]
        self.last = last
        device = plan.device
        self.walls = walls
        let medians = last.indices.map { index in samples.map { $0[index].seconds }.median }
        layers = program.steps.enumerated().compactMap { number, step in
            let kernels = last.indices.filter { samples[0][$0].step == number }
            guard let output = step.outputs.first, !kernels.isEmpty else { return nil }
            let work = program.work(of: step, stored: elements)
            return Layer(
                name: program[output].name, operation: step.op.name,
                output: program.shape(of: output).dimensions, kernels: kernels.map { samples[0][$0].kernel },
                seconds: kernels.reduce(0) { $0 + medians[$1] }, operations: work.operations,
                bytes: work.bytes)
        }
        names = program.steps.map { step in
            "\(step.op.name) \(step.outputs.first.map { program[$0].name } ?? "")"
        }
    }

    /// Sums by kernel, the longest first.
    public var kernels: [(kernel: String, count: Int, seconds: Double)] {
        var sums: [String: (count: Int, seconds: Double)] = [:]
        for timing in last {
            sums[timing.kernel, default: (0, 0)].count += 1
            sums[timing.kernel, default: (0, 0)].seconds += timing.seconds
        }
        return sums.map { ($0.key, $0.value.count, $0.value.seconds) }.sorted { $0.seconds > $1.seconds }
    }

    private struct TraceEvent: Encodable {
        var name: String
        var cat: String
        var ph = "X"
        /// Microseconds.
        var ts: Double
        var dur: Double
        var pid = 1
        var tid = 1
    }

    private struct Trace: Encodable {
        var traceEvents: [TraceEvent]
        var displayTimeUnit = "ms"
        var otherData: [String: String]
    }

    /// The last run in the Trace Event Format, which chrome://tracing and Perfetto show.
    /// - Throws: `outputUnwritable`.
    public func writeTrace(to path: String) throws(SemblanceError) {
        let events = last.map { timing in
            TraceEvent(
                name: timing.kernel, cat: names[timing.step], ts: timing.start * 1e6,
                dur: timing.seconds * 1e6)
        }
        let trace = Trace(
            traceEvents: events, otherData: ["device": device.name, "driver": device.driver])
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        guard let data = try? encoder.encode(trace) else {
            throw SemblanceError(.internalFault, "the trace cannot be encoded")
        }
        try writeAtomically([UInt8](data), to: path)
    }
}
