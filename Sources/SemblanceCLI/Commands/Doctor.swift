import Foundation
import Semblance
import SemblanceDoctor

enum DoctorCommand: Command {
    static let name = "doctor"
    static let summary = "Check that the devices of this machine compute what they should."
    static let operands = ""
    static let options =
        [
            Option("--all", nil, "every device, rather than the one that would be used"),
            Option("--thorough", nil, "every case of every operation: takes minutes"),
            Option("--model", "FILE", "check this model too, at its own threshold"),
            Option("--seed", "N", "of data, weights and images (default: 1)"), Option.json,
        ] + Option.device
    static let details = """
        The CPU is compared with loops in double precision; an OpenCL device has all its kernels built, and is compared with these loops operation by
        operation and with the CPU on whole networks. Ends with 0 where all is well and with 1 where something is wrong with a device
        that was examined. A machine without a GPU is not ill.
        """

    static func run(_ arguments: Arguments) throws -> Int32 {
        _ = try arguments.operands(0, "no operands")
        return try run(arguments, catalogue: .system)
    }

    /// - Parameter catalogue: the devices; tests put in ill ones.
    static func run(_ arguments: Arguments, catalogue: DeviceCatalogue) throws -> Int32 {
        let isJSON = arguments.flag("--json")
        var settings = Doctor.Settings()
        settings.isThorough = arguments.flag("--thorough")
        settings.seed = UInt64(try arguments.integer("--seed", 0...Int.max) ?? 1)
        settings.threads = try arguments.integer("--threads", 1...1024)
        if let named = arguments.text("--model") {
            settings.model = Subject(try RecognitionModel(path: ModelFolder.resolve(named)), name: named)
        }
        let consultation = try Consultation(
            arguments.deviceRequest(), all: arguments.flag("--all"), catalogue: catalogue)
        var doctor = try Doctor(settings, catalogue: catalogue) {
            if Console.isTerminal { Console.progress($0) }
        }
        var verdict = Verdict(findings: consultation.findings, notes: consultation.notes)
        func add(_ examination: Examination) throws {
            Console.endProgress()
            verdict.add(examination)
            if isJSON {
                try Console.json(examination)
            } else {
                Console.print(DoctorText(examination).lines.joined(separator: "\n") + "\n")
            }
        }
        try add(doctor.examineCPU())
        for offer in consultation.offers { try add(doctor.examine(offer)) }
        if isJSON {
            try Console.json(verdict)
        } else {
            Console.print(verdict.lines.joined(separator: "\n"))
        }
        return verdict.isHealthy ? 0 : 1
    }

    /// What all examinations come to.
    private struct Verdict: Encodable {
        var verdict = "healthy"
        /// Everything that is wrong, with the device.
        var findings: [String]
        var notes: [String]
        var devices: [String] = []

        init(findings: [String], notes: [String]) {
            self.findings = findings
            self.notes = notes
            if !findings.isEmpty { verdict = "ill" }
        }

        var isHealthy: Bool { findings.isEmpty }

        mutating func add(_ examination: Examination) {
            devices.append(examination.device)
            findings += examination.findings.map { "\(examination.device): \($0)" }
            verdict = isHealthy ? "healthy" : "ill"
        }

        var lines: [String] {
            let shown = 12
            var lines = findings.prefix(shown).map { "wrong: \($0)" }
            if findings.count > shown {
                lines.append("wrong: \(findings.count - shown) more; --json has all")
            }
            lines += notes.map { "note: \($0)" }
            let examined = devices.joined(separator: ", ")
            lines.append(
                isHealthy
                    ? "verdict: healthy (\(examined))"
                    : "verdict: ill (\(examined)): \(findings.count) things are wrong; --device cpu avoids OpenCL"
            )
            return lines
        }
    }
}
