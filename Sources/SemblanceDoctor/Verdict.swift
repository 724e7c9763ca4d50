/// What all examinations come to.
package struct Verdict: Encodable, Sendable, CustomStringConvertible {
    package private(set) var verdict = "healthy"
    /// Everything that is wrong, with the device.
    package private(set) var findings: [String] = []
    package private(set) var notes: [String]
    /// Those that were examined.
    package private(set) var devices: [String] = []

    package init(_ consultation: Consultation) {
        notes = consultation.notes
        add(consultation.findings)
    }

    package mutating func add(_ examination: Examination) {
        devices.append(examination.device)
        add(examination.findings.map { "\(examination.device): \($0)" })
    }

    private mutating func add(_ more: [String]) {
        findings += more
        verdict = findings.isEmpty ? "healthy" : "ill"
    }

    /// 0 where nothing is wrong, else 1.
    package var exitCode: Int32 { findings.isEmpty ? 0 : 1 }

    package var description: String {
        let shown = 12
        var lines = findings.prefix(shown).map { "wrong: \($0)" }
        if findings.count > shown { lines.append("wrong: \(findings.count - shown) more; --json has all") }
        lines += notes.map { "note: \($0)" }
        let examined = devices.joined(separator: ", ")
        lines.append(
            "verdict: \(verdict) (\(examined))" + (findings.isEmpty ? "" : ": \(findings.count) findings"))
        return lines.joined(separator: "\n")
    }
}
