import Foundation
import Semblance

/// Results go to standard output; notes, progress and errors to standard error.
enum Console {
    static let isTerminal = isatty(STDERR_FILENO) != 0

    static func print(_ text: String) { write(text + "\n", to: .standardOutput) }

    static func error(_ text: String) { write("semblance: \(text)\n", to: .standardError) }

    /// A line of progress that takes the place of the one before it, on a terminal.
    static func progress(_ text: String) { write("\r\u{1B}[K\(text)", to: .standardError) }

    static func endProgress() { if isTerminal { write("\r\u{1B}[K", to: .standardError) } }

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

    private static func write(_ text: String, to handle: FileHandle) {
        // A reader that went away (head, a closed terminal) is no failure of ours.
        try? handle.write(contentsOf: Data(text.utf8))
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

/// The device in JSON results.
struct DeviceReport: Encodable {
    var device: String
    var deviceName: String
    var reason: String

    init(_ selected: SelectedDevice) {
        device = selected.device.identifier
        deviceName = selected.device.name
        reason = selected.reason
    }
}
