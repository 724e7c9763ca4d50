import Foundation
import Semblance

/// One of the tool's commands.
protocol Command: SendableMetatype {
    static var name: String { get }
    /// One line for the list of commands.
    static var summary: String { get }
    /// Operands as the usage line shows them.
    static var operands: String { get }
    static var options: [Option] { get }
    /// What --help tells besides.
    static var details: String { get }
    /// - Returns: the exit code.
    static func run(_ arguments: Arguments) throws -> Int32
}

extension Command {
    static var details: String { "" }
}

/// Finds the command, parses its options, runs it, and turns errors into messages and exit codes: 0 done, 1 failed, 2 used wrongly,
/// 130 stopped by Ctrl-C.
enum CommandLineTool {
    static let version = "0.1.0"

    static let commands: [any Command.Type] = [
        DetectCommand.self, AlignCommand.self, EmbedCommand.self, EnrollCommand.self, IdentifyCommand.self,
        VerifyCommand.self, GalleryCommand.self, EvaluateCommand.self, CalibrateCommand.self,
        QuantiseCommand.self,
        PrepareCommand.self, TrainCommand.self, ModelsCommand.self, InfoCommand.self, NewCommand.self,
        DevicesCommand.self, DoctorCommand.self, ProbeCommand.self, TuneCommand.self, BenchCommand.self,
        BenchSearchCommand.self,
        FacesCommand.self,
    ]

    static func run(_ arguments: [String]) -> Int32 {
        do {
            let code = try dispatch(arguments)
            if let problem = Console.outputProblem {
                throw SemblanceError(
                    .outputUnwritable, "cannot write to standard output: \(problem)",
                    remedy: "free some space or send it elsewhere")
            }
            return code
        } catch let error as SemblanceError {
            Console.error("error: \(error)")
            switch error.code {
            case .usage: return 2
            case .cancelled: return 130
            default: return 1
            }
        } catch {
            Console.error("error: \(error)")
            return 1
        }
    }

    private static func dispatch(_ arguments: [String]) throws -> Int32 {
        guard let name = arguments.first, !["-h", "--help", "help"].contains(name) else {
            Console.print(help)
            return arguments.isEmpty ? 2 : 0
        }
        if name == "--version" || name == "version" {
            Console.print("semblance \(version)")
            return 0
        }
        guard let command = commands.first(where: { $0.name == name }) else {
            throw SemblanceError(
                .usage, "there is no command \"\(name)\"", remedy: "semblance --help lists the commands")
        }
        let rest = Array(arguments.dropFirst())
        if rest.contains("-h") || rest.contains("--help") {
            Console.print(help(for: command))
            return 0
        }
        return try command.run(Arguments(parsing: rest, for: command.name, options: command.options))
    }

    private static var help: String {
        let width = commands.map { $0.name.count }.max() ?? 0
        let lines = commands.map { command in
            "  \(command.name.padding(toLength: width, withPad: " ", startingAt: 0))  \(command.summary)"
        }
        return """
            Semblance \(version): face recognition, trained and run on OpenCL or on the CPU.

            Usage: semblance COMMAND [OPTIONS] ...

            Commands:
            \(lines.joined(separator: "\n"))

            semblance COMMAND --help tells more. SEMBLANCE_DEVICE sets the device where --device does not.
            """
    }

    private static func help(for command: any Command.Type) -> String {
        let lines = command.options.map { option in
            let left = "  \(option.name)" + (option.value.map { " \($0)" } ?? "")
            let gap =
                left.count < 26
                ? String(repeating: " ", count: 26 - left.count) : "\n" + String(repeating: " ", count: 26)
            return left + gap + option.help
        }
        var text = "Usage: semblance \(command.name) [OPTIONS] \(command.operands)\n\n\(command.summary)\n"
        if !command.details.isEmpty { text += "\n\(command.details)\n" }
        if !lines.isEmpty { text += "\nOptions:\n\(lines.joined(separator: "\n"))\n" }
        return String(text.dropLast())
    }
}
