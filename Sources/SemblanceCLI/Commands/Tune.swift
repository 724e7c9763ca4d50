import Foundation
import Semblance
import SemblanceTuning

enum TuneCommand: Command {
    static let name = "tune"
    static let summary = "Search the fastest kernels for an OpenCL device, and keep them for later runs."
    static let operands = ""
    static let options =
        [
            Option("--model", "FILE", "the network to tune for (default: IResNet-50 and MobileFaceNet)"),
            Option("--batch", "N,N,...", "the batch sizes to tune for (default: 1,16,64)"),
            Option("--training", nil, "tune for training steps too"),
            Option("--seconds", "N", "try nothing more after so long, whatever is left (default: 300)"),
            Option(
                "--output", "FILE", "add to the table there instead of the one in the user's cache folder"),
            Option("--reset", nil, "forget the table that there is, instead of adding to it"),
            Option(
                "--clblast", nil, "search CLBlast's parameters on a CPU device too, where no rule takes it"),
            Option("--seed", "N", "of the data that kernels are checked on (default: a new one)"),
            Option.json,
        ] + Option.device.filter { $0.name != "--conv" }
    static let details = """
        On a GPU the parameters of CLBlast's products come first. Then, for each shape of the network's convolutions and products, those with most work
        first, algorithms, tiles and splits are tried. What does not agree with the reference is out; the rest is timed in turns with the best
        so far, which only something clearly faster replaces. The table is kept for the device, its driver and this version's kernels, and
        every command uses it. A search that runs out of time goes on where it stopped when it is started again. SEMBLANCE_TUNING=FILE uses
        another table, SEMBLANCE_TUNING=off none. Ends with 1 where the device failed or computed some shape wrongly in every way.
        """

    static func run(_ arguments: Arguments) throws -> Int32 {
        _ = try arguments.operands(0, "no operands")
        let isJSON = arguments.flag("--json")
        let request = try arguments.deviceRequest()
        let seed = try arguments.integer("--seed", 0...Int.max).map(UInt64.init)
        var settings = TuningSession.Settings(
            seconds: Double(try arguments.integer("--seconds", 0...1_000_000) ?? 300),
            seed: seed ?? UInt64(Int.random(in: 0...Int.max)))
        settings.resets = arguments.flag("--reset")
        settings.searchesCLBlast = arguments.flag("--clblast")
        settings.output = arguments.text("--output")
        settings.precision = try arguments.precision()
        settings.threads = try arguments.integer("--threads", 1...1024)
        let workload = try TuningWorkload(
            model: arguments.text("--model").map { (name) throws(SemblanceError) in
                try ModelFolder.resolve(name)
            },
            batches: batches(arguments), trains: arguments.flag("--training"))
        var session = try TuningSession(request, workload, settings)
        session.notes.forEach { Console.error("note: \($0)") }
        if !isJSON {
            Console.print(
                "tuning \(session.device.identifier) (\(session.device.name))\(settings.precision.suffix) for \(session.subjects.count) shapes, seed \(settings.seed)\n\n\(header)"
            )
        }
        let summary = try session.run(
            progress: { if Console.isTerminal { Console.progress(String($0.prefix(100))) } },
            each: { (result) throws(SemblanceError) in
                Console.endProgress()
                if isJSON { try Console.json(result) } else { Console.print(row(result)) }
            })
        Console.endProgress()
        if isJSON { try Console.json(summary) } else { print(summary) }
        return summary.wrong.isEmpty && summary.stopped == nil ? 0 : 1
    }

    private static func batches(_ arguments: Arguments) throws(SemblanceError) -> [Int] {
        guard let text = arguments.text("--batch") else { return [1, 16, 64] }
        let parts = text.split(separator: ",", omittingEmptySubsequences: false)
        let numbers = parts.compactMap { Int($0) }.filter { (1...65536).contains($0) }
        guard numbers.count == parts.count, Set(numbers).count == numbers.count else {
            throw SemblanceError(
                .usage, "--batch \(text)",
                remedy: "give different whole numbers from 1 to 65536 with commas between them")
        }
        return numbers
    }

    private static let header = "   work   rule ms   best ms  shape: choice"

    private static func row(_ result: TuningResult) -> String {
        func time(_ value: Double?) -> String { value.map { String(format: "%10.3f", $0) } ?? "         -" }
        let share = String(format: "%5.1f %%", result.share * 100)
        let choice =
            result.isFaster
            ? "\(result.choice), instead of \(result.rule)"
            : result.afterMs == nil ? "nothing is right" : "\(result.choice), as the rule"
        var lines = [
            "\(share)\(time(result.beforeMs))\(time(result.afterMs))  \(result.subject): \(choice)"
                + (result.isComplete ? "" : " (not all was tried)")
        ]
        for rejection in result.rejections {
            let reason = rejection.reason.split(whereSeparator: \.isNewline).first ?? ""
            lines.append("         out: \(rejection.choice): \(reason)")
        }
        return lines.joined(separator: "\n")
    }

    private static func print(_ summary: TuningSession.Summary) {
        let left = summary.shapes - summary.known - summary.searched
        var lines = [
            "",
            "\(summary.searched) of \(summary.shapes) shapes searched in \(summary.seconds.formatted(1)) s, \(summary.faster) of them faster than by rule; \(summary.known) were known; \(summary.rejections) candidates are out",
        ]
        if left > 0 { lines.append("\(left) shapes are left: start it again to go on") }
        if let stopped = summary.stopped { lines.append("stopped: \(stopped)") }
        lines += summary.wrong.map { "WRONG in every way: \($0)" }
        lines.append(
            summary.entries > 0
                ? "table: \(summary.table), \(summary.entries) shapes"
                : "nothing was found that is worth keeping")
        Console.print(lines.joined(separator: "\n"))
    }
}
