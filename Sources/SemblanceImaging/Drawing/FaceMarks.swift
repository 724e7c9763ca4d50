/// Marks to draw on a photograph: frames around faces with what is known about them.
package struct FaceMark: Sendable {
    /// In pixels; may reach past the image.
    package var frame: Rectangle
    package var points: [(x: Int, y: Int)]
    package var label: String
    package var color: Color

    package init(frame: Rectangle, points: [(x: Int, y: Int)], label: String, color: Color) {
        self.frame = frame
        self.points = points
        self.label = label
        self.color = color
    }
}

extension Image {
    /// A copy in RGB with the marks on it, whose lines and letters grow with the image.
    package func marked(_ marks: [FaceMark]) -> Image {
        var image = rgb()
        let scale = max(1, min(width, height) / 400)
        for mark in marks {
            image.outline(mark.frame, mark.color, thickness: 2 * scale)
            for point in mark.points {
                image.fill(
                    Rectangle(
                        x: point.x - scale, y: point.y - scale, width: 2 * scale + 1, height: 2 * scale + 1),
                    mark.color)
            }
            guard !mark.label.isEmpty else { continue }
            // Above the frame, or inside of it at the image's edge; moved left where it would be cut off.
            let (textWidth, textHeight) = (Image.textWidth(mark.label, scale: scale), 9 * scale)
            let above = mark.frame.y - textHeight - 2 * scale
            let x = max(0, min(mark.frame.x, width - textWidth - 4 * scale))
            let y = above >= 0 ? above : max(mark.frame.y, 0) + 2 * scale
            image.fill(
                Rectangle(x: x, y: y, width: textWidth + 4 * scale, height: textHeight + 2 * scale),
                mark.color)
            image.draw(mark.label, x: x + 2 * scale, y: y + 2 * scale, scale: scale, .white)
        }
        return image
    }
}
