import Foundation
import Semblance
import Synchronization

/// Results go to standard output; notes, progress and errors to standard error.
enum Console {
    static let isTerminal = isatty(STDERR_FILENO) != 0

    private static let failure = Mutex<Int32>(0)

    /// Why results did not all reach standard output. A reader that went away (head, a closed terminal) is no failure of ours.
    static var outputProblem: String? {
        let number = failure.withLock { $0 }
        return number == 0 || number == EPIPE ? nil : String(cString: strerror(number))
    }

    static func print(_ text: String) {
        let number = write(shown(text, on: STDOUT_FILENO) + "\n", to: STDOUT_FILENO)
        if number != 0 { failure.withLock { $0 = number } }
    }

    static func error(_ text: String) {
        _ = write("semblance: \(shown(text, on: STDERR_FILENO))\n", to: STDERR_FILENO)
    }

    /// On a terminal, names from files of others give it no commands: control characters but line breaks and tabs are written out.
    private static func shown(_ text: String, on descriptor: Int32) -> String {
        func isCommand(_ scalar: Unicode.Scalar) -> Bool {
            scalar.properties.generalCategory == .control && scalar != "\n" && scalar != "\t"
        }
        guard text.unicodeScalars.contains(where: isCommand), isatty(descriptor) != 0 else { return text }
        return text.unicodeScalars.map { isCommand($0) ? $0.escaped(asASCII: true) : String($0) }.joined()
    }

    /// A line of progress that takes the place of the one before it, on a terminal.
    static func progress(_ text: String) {
        _ = write("\r\u{1B}[K\(shown(text, on: STDERR_FILENO))", to: STDERR_FILENO)
    }

    static func endProgress() { if isTerminal { _ = write("\r\u{1B}[K", to: STDERR_FILENO) } }

    /// One line of JSON.
    static func json(_ value: some Encodable) throws(SemblanceError) {
        let encoder = JSONEncoder()
        encoder.keyEncodingStrategy = .convertToSnakeCase
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        encoder.nonConformingFloatEncodingStrategy = .convertToString(
            positiveInfinity: "inf", negativeInfinity: "-inf", nan: "nan")
        guard let data = try? encoder.encode(value) else {
            throw SemblanceError(.internalFault, "a result cannot be encoded as JSON")
        }
        print(String(decoding: data, as: UTF8.self))
    }

    /// - Returns: the error number, or 0.
    private static func write(_ text: String, to descriptor: Int32) -> Int32 {
        var rest = Array(text.utf8)[...]
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes { Foundation.write(descriptor, $0.baseAddress, $0.count) }
            if count > 0 {
                rest = rest.dropFirst(count)
            } else if count == 0 || errno != EINTR {
                return count == 0 ? EIO : errno
            }
        }
        return 0
    }
}

extension Double {
    func formatted(_ digits: Int) -> String { String(format: "%.\(digits)f", self) }
    /// As a percentage with one decimal.
    var percent: String { String(format: "%.1f %%", self * 100) }
}

extension Float {
    func formatted(_ digits: Int) -> String { Double(self).formatted(digits) }
}

extension SelectedDevice {
    /// The device and why it is the one, for people.
    var line: String { "\(device.identifier) (\(device.name))\(precision.suffix): \(reason)" }
}

extension Precision {
    /// What is said of it beside a device; nothing of the default.
    var suffix: String {
        switch self {
        case .float: ""
        case .tf32: ", products of TF32"
        case .half: ", activations in half"
        }
    }
}

/// The device in JSON results.
struct DeviceReport: Encodable {
    var device: String
    var deviceName: String
    var precision: Precision
    var reason: String

    init(_ selected: SelectedDevice) {
        device = selected.device.identifier
        deviceName = selected.device.name
        precision = selected.precision
        reason = selected.reason
    }
}
