import Foundation
import Semblance

extension BenchCommand {
    /// `bench compare BEFORE AFTER`: two files of results, row by row.
    static func compare(_ arguments: Arguments) throws -> Int32 {
        let operands = arguments.operands
        guard operands.count == 3 else {
            throw SemblanceError(
                .usage, "bench compare takes two files of results, and \(operands.count - 1) are given",
                remedy: "semblance bench compare BEFORE.json AFTER.json")
        }
        try arguments.refuse(options.map(\.name).filter { $0 != "--json" }, "with compare")
        let before = try BenchmarkResults.read(operands[1]), after = try BenchmarkResults.read(operands[2])
        let (rows, unmatched) = before.changes(to: after)
        guard !rows.isEmpty else {
            throw SemblanceError(
                .invalidInput, "\(operands[1]) and \(operands[2]) have no benchmark in common",
                remedy: "name results of the same benchmarks")
        }
        if arguments.flag("--json") {
            for row in rows { try Console.json(row) }
        } else {
            for (path, side) in zip(operands.dropFirst(), [before, after]) {
                let origin = [side.processor, side.commit.map { "commit \($0.prefix(12))" }].compactMap { $0 }
                Console.print("\(path): \(([side.date] + origin).joined(separator: ", "))")
            }
            Console.print("   before ms    after ms  speed-up")
            for row in rows {
                let times = String(format: "%12.2f%12.2f%10.2f", row.beforeMs, row.afterMs, row.speedup)
                Console.print("\(times)  \(row.name)\(row.isWithinNoise ? " (within the noise)" : "")")
            }
        }
        if before.processor != after.processor {
            Console.error("the processors differ, so this compares machines too")
        }
        for name in unmatched { Console.error("only one file has: \(name)") }
        return 0
    }
}
