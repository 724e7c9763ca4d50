extension Image {
    /// Fills what the image holds of a rectangle.
    package mutating func fill(_ rectangle: Rectangle, _ color: Color) {
        let area = rectangle.intersection(bounds)
        for row in area.y..<area.y + area.height {
            for column in area.x..<area.x + area.width { set(column, row, color) }
        }
    }

    /// Draws a frame just inside a rectangle.
    package mutating func outline(_ rectangle: Rectangle, _ color: Color, thickness: Int = 1) {
        let (x, y, width, height) = (rectangle.x, rectangle.y, rectangle.width, rectangle.height)
        fill(Rectangle(x: x, y: y, width: width, height: thickness), color)
        fill(Rectangle(x: x, y: y + height - thickness, width: width, height: thickness), color)
        fill(Rectangle(x: x, y: y, width: thickness, height: height), color)
        fill(Rectangle(x: x + width - thickness, y: y, width: thickness, height: height), color)
    }

    /// Copies another image into a rectangle, resized to fill it.
    package mutating func draw(_ image: Image, in rectangle: Rectangle) {
        guard rectangle.width > 0, rectangle.height > 0 else { return }
        let source = image.converted(toChannels: channels).resized(
            width: rectangle.width, height: rectangle.height)
        let area = rectangle.intersection(bounds)
        for row in area.y..<area.y + area.height {
            let from = ((row - rectangle.y) * source.width + area.x - rectangle.x) * channels
            let to = (row * width + area.x) * channels
            for index in 0..<area.width * channels { pixels[to + index] = source.pixels[from + index] }
        }
    }

    /// - Precondition: the pixel is inside.
    @inline(__always)
    mutating func set(_ column: Int, _ row: Int, _ color: Color) {
        let index = (row * width + column) * channels
        if channels == 1 {
            pixels[index] = luma(color.red, color.green, color.blue)
        } else {
            pixels[index] = color.red
            pixels[index + 1] = color.green
            pixels[index + 2] = color.blue
        }
    }
}
