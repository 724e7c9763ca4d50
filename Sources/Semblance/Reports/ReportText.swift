import Foundation

/// Text with figures in it. Each figure keeps its exact value and its path in the JSON of the same result, so that the
/// table for people, the page and the JSON cannot say different things.
package struct ReportText: Sendable, ExpressibleByStringInterpolation {
    package enum Piece: Sendable {
        case text(String)
        /// - `key`: the path in JSON, such as `tar_at_far.0.tar`.
        case figure(key: String, value: Double, text: String)
    }

    package private(set) var pieces: [Piece]

    package init(stringLiteral value: String) { pieces = [.text(value)] }
    package init(stringInterpolation: StringInterpolation) { pieces = stringInterpolation.pieces }

    package static func + (left: ReportText, right: ReportText) -> ReportText {
        var sum = left
        sum.pieces += right.pieces
        return sum
    }

    /// For a terminal.
    package var plain: String {
        pieces.map { piece in
            switch piece {
            case .text(let text), .figure(_, _, let text): text
            }
        }.joined()
    }

    package struct StringInterpolation: StringInterpolationProtocol {
        fileprivate var pieces: [Piece] = []

        package init(literalCapacity: Int, interpolationCount: Int) {}

        package mutating func appendLiteral(_ literal: String) { pieces.append(.text(literal)) }

        package mutating func appendInterpolation(_ text: String) { pieces.append(.text(text)) }

        package mutating func appendInterpolation(count: Int, _ key: String) {
            pieces.append(.figure(key: key, value: Double(count), text: String(count)))
        }

        /// A fraction, told in per cent.
        package mutating func appendInterpolation(percent fraction: Double, _ key: String) {
            pieces.append(
                .figure(key: key, value: fraction, text: String(format: "%.2f", fraction * 100) + "\u{A0}%"))
        }

        /// The shortest decimal that tells it, as in JSON.
        package mutating func appendInterpolation(_ number: Float, _ key: String) {
            pieces.append(
                .figure(
                    key: key, value: Double(number.description) ?? Double(number),
                    text: String(format: "%.4f", Double(number))))
        }

        package mutating func appendInterpolation(_ number: Double, digits: Int, _ key: String) {
            pieces.append(.figure(key: key, value: number, text: String(format: "%.\(digits)f", number)))
        }
    }
}

/// A line of a report: what it is, and how much.
package struct ReportRow: Sendable {
    package var label: String
    package var text: ReportText

    package init(_ label: String, _ text: ReportText) {
        self.label = label
        self.text = text
    }

    /// Rows as a table for a terminal.
    package static func table(_ rows: [ReportRow]) -> String {
        let width = rows.map(\.label.count).max() ?? 0
        return rows.map { row in
            row.label + String(repeating: " ", count: width - row.label.count + 2)
                + row.text.plain.replacing("\u{A0}", with: " ")
        }.joined(separator: "\n")
    }
}
