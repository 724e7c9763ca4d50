import Foundation
import Semblance

/// An option of a command; a flag where `value` is nil.
struct Option {
    var name: String
    /// What stands for the value in the help text.
    var value: String?
    var help: String

    init(_ name: String, _ value: String? = nil, _ help: String) {
        self.name = name
        self.value = value
        self.help = help
    }

    static let json = Option("--json", nil, "print JSON, one object a line")
    static let device = [
        Option("--device", "DEVICE", "auto (default), cpu, gpu or opencl:PLATFORM:DEVICE"),
        Option("--threads", "N", "threads of the CPU (default: one a core)"),
        Option(
            "--conv", "ALGORITHM",
            "how OpenCL convolves: \(ConvolutionPolicy.allCases.map(\.rawValue).joined(separator: ", "))"),
        Option(
            "--precision", "TYPE",
            "how OpenCL stores and multiplies activations: \(Precision.allCases.map(\.rawValue).joined(separator: ", "))"
        ),
    ]
}

/// A command's parsed arguments. Values are `--name value` or `--name=value`; `--` ends the options.
struct Arguments {
    private(set) var operands: [String] = []
    private var values: [String: String] = [:]
    private var flags: Set<String> = []
    private let command: String

    /// - Throws: `usage` for an unknown option, one without its value or one given twice.
    init(parsing arguments: [String], for command: String, options: [Option]) throws(SemblanceError) {
        self.command = command
        var rest = arguments[...]
        func refuse(_ reason: String) -> SemblanceError {
            SemblanceError(.usage, reason, remedy: "semblance \(command) --help lists the options")
        }
        while let argument = rest.popFirst() {
            if argument == "--" {
                operands += rest
                return
            }
            guard argument.hasPrefix("-"), argument.count > 1, Double(argument) == nil else {
                operands.append(argument)
                continue
            }
            let parts = argument.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            let name = String(parts[0])
            guard let option = options.first(where: { $0.name == name }) else {
                throw refuse("\(command) has no option \(name)")
            }
            guard values[name] == nil, !flags.contains(name) else { throw refuse("\(name) is given twice") }
            if option.value == nil {
                guard parts.count == 1 else { throw refuse("\(name) takes no value") }
                flags.insert(name)
            } else if parts.count == 2 {
                values[name] = String(parts[1])
            } else {
                guard let value = rest.popFirst() else { throw refuse("\(name) needs a value") }
                values[name] = value
            }
        }
    }

    func flag(_ name: String) -> Bool { flags.contains(name) }

    func text(_ name: String) -> String? { values[name] }

    /// The first of these options that is given.
    func given(_ names: [String]) -> String? {
        names.first { flags.contains($0) || values[$0] != nil }
    }

    /// - Throws: `usage` naming the first of these options that is given.
    func refuse(_ names: [String], _ reason: String) throws(SemblanceError) {
        guard let name = given(names) else { return }
        throw SemblanceError(.usage, "\(name) is given \(reason)", remedy: "leave one of them out")
    }

    /// - Throws: `usage` where the option is missing.
    func required(_ name: String) throws(SemblanceError) -> String {
        guard let value = values[name] else {
            throw SemblanceError(
                .usage, "\(command) needs \(name)", remedy: "semblance \(command) --help lists the options")
        }
        return value
    }

    /// - Throws: `usage` where the value is no whole number in the range.
    func integer(_ name: String, _ range: ClosedRange<Int>) throws(SemblanceError) -> Int? {
        guard let text = values[name] else { return nil }
        guard let number = Int(text), range.contains(number) else {
            throw SemblanceError(
                .usage, "\(name) \(text)",
                remedy: "give a whole number from \(range.lowerBound) to \(range.upperBound)")
        }
        return number
    }

    /// - Throws: `usage` where the value is no number in the range.
    func number(_ name: String, _ range: ClosedRange<Double>) throws(SemblanceError) -> Double? {
        guard let text = values[name] else { return nil }
        guard let number = Double(text), range.contains(number) else {
            throw SemblanceError(
                .usage, "\(name) \(text)",
                remedy: "give a number from \(range.lowerBound) to \(range.upperBound)")
        }
        return number
    }

    /// - Throws: `usage` where the value is none of the choices.
    func choice<Choice: RawRepresentable & CaseIterable>(_ name: String, _ type: Choice.Type)
        throws(SemblanceError)
        -> Choice? where Choice.RawValue == String
    {
        guard let text = values[name] else { return nil }
        guard let choice = Choice(rawValue: text) else {
            let names = Choice.allCases.map(\.rawValue).joined(separator: ", ")
            throw SemblanceError(.usage, "\(name) \(text)", remedy: "choose from \(names)")
        }
        return choice
    }

    /// What --device, SEMBLANCE_DEVICE or nothing asks for.
    /// - Throws: `usage` naming the devices that there are, for what is none.
    func deviceRequest() throws(SemblanceError) -> DeviceRequest {
        do throws(SemblanceError) {
            if let text = values["--device"] { return try DeviceRequest(parsing: text) }
            return try DeviceRequest.fromEnvironment(ProcessInfo.processInfo.environment)
        } catch {
            let devices = (try? DeviceInventory.read())?.platforms.flatMap(\.devices).map(\.device) ?? []
            let names = devices.map { "\($0.identifier) (\($0.name))" }
            throw SemblanceError(
                error.code, error.message,
                remedy: "choose auto, cpu, gpu or opencl:PLATFORM:DEVICE, of which there "
                    + (names.isEmpty ? "is none here" : "are \(names.joined(separator: ", "))")
            )
        }
    }

    func convolution() throws(SemblanceError) -> ConvolutionPolicy {
        try choice("--conv", ConvolutionPolicy.self) ?? .automatic
    }

    func precision() throws(SemblanceError) -> Precision {
        try choice("--precision", Precision.self) ?? .float
    }

    /// The device that --device, SEMBLANCE_DEVICE or nothing asks for; a fallback is told on standard error.
    func device() throws(SemblanceError) -> SelectedDevice {
        return try SelectedDevice(
            deviceRequest(), threads: integer("--threads", 1...1024), convolution: convolution(),
            precision: precision()
        ) { Console.error("note: \($0)") }
    }

    /// - Throws: `usage` where the number of operands is another.
    func operands(_ count: Int, _ what: String) throws(SemblanceError) -> [String] {
        guard operands.count == count else {
            throw SemblanceError(
                .usage, "\(command) takes \(what), and \(operands.count) are given",
                remedy: "semblance \(command) --help")
        }
        return operands
    }
}
