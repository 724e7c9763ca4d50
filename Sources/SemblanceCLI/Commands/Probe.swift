import Foundation
import Semblance
import SemblanceDoctor

enum ProbeCommand: Command {
    static let name = "probe"
    static let summary = "Find out what an OpenCL driver really does."
    static let operands = ""
    static let options = [
        Option(
            "--device", "DEVICE",
            "auto (default: a GPU, or else any OpenCL device), gpu or opencl:PLATFORM:DEVICE"),
        Option("--seed", "N", "of the data (default: any, and printed)"),
        Option("--text", "FILE", "write the report there too, as text"), Option.json,
    ]
    static let details = """
        Tries, each by itself and against what the host computes: inline PTX for tensor cores, local memory beyond what is reported, halves, how fast kernels
        are launched and bytes transferred. What a device does not do is an answer and no failure: ends with 0 unless there is no device.
        """

    static func run(_ arguments: Arguments) throws -> Int32 {
        _ = try arguments.operands(0, "no operands")
        let isJSON = arguments.flag("--json")
        let seed = try arguments.integer("--seed", 0...Int.max).map(UInt64.init)
        let path = arguments.text("--text")
        if let path { try checkWritable(path) }
        let probe = try DriverProbe(arguments.deviceRequest(), seed: seed)
        var text = ProbeText(probe.facts)
        if isJSON { try Console.json(probe.facts) } else { Console.print(text.lines.joined(separator: "\n")) }
        try probe.run { item in
            let lines = text.add(item)
            if isJSON { try Console.json(item) } else { Console.print(lines.joined(separator: "\n")) }
            // After every item: where a driver hangs, what was found before it is there.
            if let path {
                try writeAtomically(Array((text.lines.joined(separator: "\n") + "\n").utf8), to: path)
            }
        }
        return 0
    }
}

/// The report of a probe as text.
struct ProbeText {
    private(set) var lines: [String]
    private var group = ""

    init(_ facts: ProbeFacts) {
        let memory = facts.memory.map { ", memory \($0 >> 20) MiB" } ?? ""
        lines = [
            "\(facts.identifier)  [\(facts.kind)] \(facts.name)",
            "  platform    \(facts.platform), \(facts.platformVersion); driver \(facts.driver)",
            "  device      \(facts.openclVersion); \(facts.computeUnits) compute units\(memory)",
            """
              limits      work-groups of \(facts.workGroupLimit), local memory \(facts.localMemory >> 10) KiB, buffers of \
            \(facts.largestBuffer >> 20) MiB, aligned to \(facts.alignment) bytes
            """,
            "  extensions  \(facts.extensions.joined(separator: " "))",
        ]
        lines += facts.quirks.map { "  known       \($0)" }
        lines.append("  seed        \(facts.seed)")
    }

    /// - Returns: the item's own lines, with a heading where its group is new.
    mutating func add(_ item: ProbeItem) -> [String] {
        var new: [String] = []
        if item.group != group { new += ["", item.group] }
        group = item.group
        let name = item.name.padding(toLength: max(40, item.name.count), withPad: " ", startingAt: 0)
        let figures = item.figures.map { "\($0.what) \(Self.number($0.value)) \($0.unit)" }
        let details = ([item.detail] + figures).filter { !$0.isEmpty }.joined(separator: ", ")
        new.append("  \(name) \(item.outcome.rawValue)\(details.isEmpty ? "" : ": \(details)")")
        lines += new
        return new
    }

    /// With three digits or more.
    private static func number(_ value: Double) -> String {
        value.formatted(value >= 100 ? 0 : value >= 10 ? 1 : value >= 1 ? 2 : 4)
    }
}
