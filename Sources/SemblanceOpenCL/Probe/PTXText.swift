import SemblanceCore

/// A built program as NVIDIA's driver hands it out: PTX.
package struct PTXText {
    private var text: String

    /// - Returns: nil for what is no PTX, such as machine code.
    package init?(_ binary: [UInt8]) {
        text = String(decoding: binary.prefix { $0 != 0 }, as: UTF8.self)
        guard version != nil, target != nil else { return nil }
    }

    package var version: String? { word(after: ".version") }
    package var target: String? { word(after: ".target") }

    private func word(after directive: String) -> String? {
        for line in text.split(whereSeparator: \.isNewline) {
            let words = line.split { $0 == " " || $0 == "\t" || $0 == "," }
            if words.count > 1, words[0] == directive { return String(words[1]) }
        }
        return nil
    }

    /// The text for another target, with the instructions that stand behind //@ uncovered.
    /// - Parameter least: the version of PTX that they need.
    package func retargeted(to target: String, least: Double) -> (binary: [UInt8], uncovered: Int) {
        var uncovered = 0
        let lines = text.split(separator: "\n", omittingEmptySubsequences: false).map { line -> String in
            if line.hasPrefix(".target") { return ".target \(target)" }
            if line.hasPrefix(".version"), (version.flatMap(Double.init) ?? 0) < least {
                return ".version \(least)"
            }
            guard let mark = line.firstRange(of: "//@") else { return String(line) }
            uncovered += 1
            return String(line[..<mark.lowerBound] + line[mark.upperBound...])
        }
        return (Array(lines.joined(separator: "\n").utf8), uncovered)
    }
}

extension ProbeTrial {
    /// What a built program is handed out as.
    static let programText = ProbeTrial(group: "program", name: "binary of a built program") {
        (bench) throws(SemblanceError) in
        let program = try bench.program("probe")
        guard let binary = bench.backend.programs.binary(of: program.handle) else {
            return .init(outcome: .refused, detail: "the driver hands out none")
        }
        guard let text = PTXText(binary) else {
            return .init(outcome: .told, detail: "\(binary.count) bytes, which are no PTX")
        }
        return .init(
            outcome: .told,
            detail: "PTX, .version \(text.version ?? ""), .target \(text.target ?? ""), \(binary.count) bytes"
        )
    }

    /// wgmma, for which the program is built for sm_90, taken as PTX, and built for sm_90a.
    static let warpgroupProduct = ProbeTrial(
        group: instructionGroup, name: "wgmma m64n8k16 f16 -> f32, retargeted",
        obstacle: { device in lackOfPTX(device) }
    ) { (bench) throws(SemblanceError) in
        let programs = bench.backend.programs
        let covered = try bench.program("probeWarpgroup")
        guard let text = programs.binary(of: covered.handle).flatMap(PTXText.init) else {
            return .init(outcome: .refused, detail: "the driver hands out no PTX")
        }
        let target = text.target ?? ""
        guard target.hasPrefix("sm_90") else {
            return .init(
                outcome: .notOffered, detail: "wgmma is for sm_90a, and the program's target is \(target)")
        }
        let (binary, uncovered) = text.retargeted(to: "sm_90a", least: 8.0)
        guard uncovered > 0 else {
            return .init(
                outcome: .refused,
                detail: "the driver's PTX has lost the comments in which the instructions stand")
        }
        let program: Shared<CLProgram>
        do {
            program = try programs.load(binary, options: "", in: bench.backend.context)
        } catch {
            return .init(outcome: .refused, detail: "building the PTX for sm_90a: \(error)")
        }
        return try bench.multiply(program, rows: 64, .half)
    }
}
