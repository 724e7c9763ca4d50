extension Image {
    /// Draws one line of text with its upper left corner at x, y; `scale` pixels a dot.
    package mutating func draw(_ text: String, x: Int, y: Int, scale: Int = 1, _ color: Color) {
        var left = x
        for character in text.unicodeScalars {
            for (row, bits) in BitmapFont.rows(of: character).enumerated() {
                for column in 0..<BitmapFont.width where bits >> (BitmapFont.width - 1 - column) & 1 == 1 {
                    fill(
                        Rectangle(x: left + column * scale, y: y + row * scale, width: scale, height: scale),
                        color)
                }
            }
            left += (BitmapFont.width + 1) * scale
        }
    }

    /// The width of a text in pixels.
    package static func textWidth(_ text: String, scale: Int = 1) -> Int {
        max(0, text.unicodeScalars.count * (BitmapFont.width + 1) - 1) * scale
    }

    /// The text, cut to a width with two dots at its end where that is needed.
    package static func text(_ text: String, fitting width: Int, scale: Int = 1) -> String {
        guard textWidth(text, scale: scale) > width else { return text }
        let count = (width / scale + 1) / (BitmapFont.width + 1)
        return count < 3 ? "" : String(String.UnicodeScalarView(text.unicodeScalars.prefix(count - 2))) + ".."
    }
}
