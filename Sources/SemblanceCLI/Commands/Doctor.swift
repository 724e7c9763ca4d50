import Foundation
import Semblance
import SemblanceDoctor
import SemblanceVerification

enum DoctorCommand: Command {
    static let name = "doctor"
    static let summary = "Check that the devices of this machine compute what they should."
    static let operands = ""
    static let options =
        [
            Option("--all", nil, "every device, rather than the one that would be used"),
            Option("--thorough", nil, "every case of every operation: takes minutes"),
            Option("--model", "FILE", "check this model too, at its own threshold"),
            Option("--seed", "N", "of data, weights and images (default: 1)"),
            Option(
                "--patience", "SECONDS",
                "how long a device may take for one check before it counts as hung (default: 300)"),
            Option.json,
        ] + Option.device
    static let details = """
        The CPU is compared with loops in double precision; an OpenCL device has all its kernels built, and is compared with these loops operation by
        operation and with the CPU on whole networks. Ends with 0 where all is well and with 1 where something is wrong with a device
        that was examined, or does not answer. A machine without a GPU is not ill.
        """

    static func run(_ arguments: Arguments) throws -> Int32 {
        _ = try arguments.operands(0, "no operands")
        let isJSON = arguments.flag("--json")
        var settings = Doctor.Settings()
        if arguments.flag("--thorough") { settings.cases = OpCase.all }
        settings.seed = UInt64(try arguments.integer("--seed", 0...Int.max) ?? 1)
        settings.threads = try arguments.integer("--threads", 1...1024)
        let watchdog = Watchdog(
            patience: try arguments.number("--patience", 0.01...86400) ?? 300, activity: "the list of devices"
        )
        if let named = arguments.text("--model") {
            settings.model = Subject(try RecognitionModel(path: ModelFolder.resolve(named)), name: named)
        }
        let catalogue = DeviceCatalogue.system(
            convolution: try arguments.convolution(), precision: try arguments.precision())
        let consultation = try Consultation(
            arguments.deviceRequest(), all: arguments.flag("--all"), catalogue: catalogue)
        var doctor = try Doctor(settings, catalogue: catalogue) {
            watchdog.begin($0)
            if Console.isTerminal { Console.progress($0) }
        }
        var verdict = Verdict(consultation)
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
        if isJSON { try Console.json(verdict) } else { Console.print(verdict.description) }
        return verdict.exitCode
    }
}
