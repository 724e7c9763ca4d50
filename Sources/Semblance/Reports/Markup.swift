import Foundation

/// A piece of HTML that is sound XML too: elements are closed, attributes quoted, and text from outside (names of files and people)
/// is always escaped.
package struct Markup: Sendable {
    package let source: String

    private init(source: String) { self.source = source }

    package static func text(_ text: String) -> Markup { Markup(source: escaped(text)) }

    /// Several pieces one after the other.
    package static func group(_ parts: [Markup]) -> Markup { Markup(source: parts.map(\.source).joined()) }

    /// - Parameters:
    ///   - name: and names of attributes are the program's own.
    ///   - content: none makes an element that closes itself.
    package static func element(
        _ name: String, _ attributes: KeyValuePairs<String, String> = [:], _ content: [Markup]? = nil
    ) -> Markup {
        let opening = name + attributes.map { " \($0)=\"\(escaped($1))\"" }.joined()
        guard let content else { return Markup(source: "<\(opening)/>") }
        return Markup(source: "<\(opening)>\(content.map(\.source).joined())</\(name)>")
    }

    package static func element(
        _ name: String, _ attributes: KeyValuePairs<String, String> = [:], _ content: String
    ) -> Markup {
        element(name, attributes, [.text(content)])
    }

    /// A picture that lies within the page.
    /// - Parameter mediaType: such as `image/png`.
    package static func image(
        _ bytes: [UInt8], mediaType: String, width: Int, height: Int, alternative: String
    ) -> Markup {
        element(
            "img",
            [
                "src": "data:\(mediaType);base64,\(Data(bytes).base64EncodedString())", "alt": alternative,
                "width": String(width), "height": String(height),
            ])
    }

    private static func escaped(_ text: String) -> String {
        var result = ""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "&": result += "&amp;"
            case "<": result += "&lt;"
            case ">": result += "&gt;"
            case "\"": result += "&quot;"
            case "'": result += "&#39;"
            // What XML has no place for: controls, and two that are no characters.
            case "\u{0}"..."\u{8}", "\u{B}", "\u{C}", "\u{E}"..."\u{1F}", "\u{7F}"..."\u{9F}", "\u{FFFE}",
                "\u{FFFF}":
                result += "\u{FFFD}"
            default: result.unicodeScalars.append(scalar)
            }
        }
        return result
    }
}

extension ReportText {
    /// Every figure carries its exact value and its path in the JSON: `<data value="0.9925" data-key="accuracy.mean">`.
    package var markup: Markup {
        .group(
            pieces.map { piece in
                switch piece {
                case .text(let text): .text(text)
                case .figure(let key, let value, let text):
                    .element("data", ["value": String(value), "data-key": key], text)
                }
            })
    }
}
