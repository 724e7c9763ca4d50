/// A picture of recognition results: pairs of a probe and its best match, with names and scores, framed in the colour of the outcome.
package struct ContactSheet: Sendable {
    /// How a probe turned out.
    package enum Outcome: Sendable {
        case right, wrong
        /// Unknown, or the truth is not known.
        case neutral

        var color: Color {
            switch self {
            case .right: .right
            case .wrong: .wrong
            case .neutral: .neutral
            }
        }
    }

    /// One probe.
    package struct Entry: Sendable {
        package var probe: Image
        package var label: String
        /// Nil where nothing was found.
        package var match: Image?
        package var matchLabel: String
        package var score: Float?
        package var outcome: Outcome

        package init(
            probe: Image, label: String, match: Image?, matchLabel: String, score: Float?, outcome: Outcome
        ) {
            self.probe = probe
            self.label = label
            self.match = match
            self.matchLabel = matchLabel
            self.score = score
            self.outcome = outcome
        }
    }

    package var title: String
    package var entries: [Entry] = []
    /// Pairs side by side; at least 1.
    package var columns = 4
    /// Pixels of a face's longer side; at least 8.
    package var tile = 96

    package init(title: String) { self.title = title }

    private static let margin = 10
    private static let textHeight = 10
    private static let arrowWidth = 16

    /// The sheet as RGB.
    package func render() -> Image {
        let (margin, textHeight, arrow) = (Self.margin, Self.textHeight, Self.arrowWidth)
        let cellWidth = 2 * tile + arrow
        let cellHeight = tile + 2 * textHeight + 2
        let rows = max(1, (entries.count + columns - 1) / columns)
        let top = margin + 2 * textHeight
        var sheet = Image(
            width: margin + min(columns, max(1, entries.count)) * (cellWidth + margin),
            height: top + margin + rows * (cellHeight + margin), color: .white)
        let room = sheet.width - 2 * margin
        let scale = Image.textWidth(title, scale: 2) <= room ? 2 : 1
        sheet.draw(Image.text(title, fitting: room, scale: scale), x: margin, y: margin, scale: scale, .black)
        for (index, entry) in entries.enumerated() {
            let x = margin + index % columns * (cellWidth + margin)
            let y = top + margin + index / columns * (cellHeight + margin)
            draw(entry, x: x, y: y, on: &sheet)
        }
        return sheet
    }

    private func draw(_ entry: Entry, x: Int, y: Int, on sheet: inout Image) {
        let color = entry.outcome.color
        let right = x + tile + Self.arrowWidth
        let first = Rectangle(x: x, y: y, width: tile, height: tile)
        let second = Rectangle(x: right, y: y, width: tile, height: tile)
        place(entry.probe, in: first, on: &sheet)
        sheet.outline(first, .neutral)
        sheet.draw("->", x: x + tile + 3, y: y + tile / 2 - 3, color)
        if let match = entry.match {
            place(match, in: second, on: &sheet)
        } else {
            sheet.fill(second, Color(235, 235, 238))
            sheet.draw("?", x: right + tile / 2 - 7, y: y + tile / 2 - 10, scale: 3, .neutral)
        }
        sheet.outline(second, color, thickness: 3)
        let below = y + tile + 4
        sheet.draw(Image.text(entry.label, fitting: tile), x: x, y: below, .black)
        sheet.draw(Image.text(entry.matchLabel, fitting: tile), x: right, y: below, color)
        if let score = entry.score {
            sheet.draw(twoDecimals(score), x: right, y: below + Self.textHeight, color)
        }
    }

    /// Fits an image into a square without distorting it.
    private func place(_ image: Image, in square: Rectangle, on sheet: inout Image) {
        let longer = max(image.width, image.height)
        let width = max(1, image.width * square.width / longer)
        let height = max(1, image.height * square.height / longer)
        sheet.fill(square, Color(235, 235, 238))
        sheet.draw(
            image,
            in: Rectangle(
                x: square.x + (square.width - width) / 2, y: square.y + (square.height - height) / 2,
                width: width,
                height: height))
    }

    /// Without the locale and the cost of a formatter.
    private func twoDecimals(_ value: Float) -> String {
        guard value.isFinite, abs(value) < 1e6 else { return "\(value)" }
        let hundredths = Int((abs(value) * 100).rounded())
        let fraction = hundredths % 100
        return
            "\(value < 0 && hundredths > 0 ? "-" : "")\(hundredths / 100).\(fraction < 10 ? "0" : "")\(fraction)"
    }
}
