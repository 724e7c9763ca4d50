import SemblanceCore

/// A picture in host memory: 8 bits a channel, rows from the top, channels interleaved.
public struct Image: Sendable, Equatable {
    /// Pixels in a row; at least 1.
    public let width: Int
    /// Rows; at least 1.
    public let height: Int
    /// 1 for grey, 3 for RGB.
    public let channels: Int
    /// height x width x channels values.
    public internal(set) var pixels: [UInt8]

    /// - Throws: `usage` where the sizes are not positive, the channels neither 1 nor 3, or the number of values differs.
    public init(width: Int, height: Int, channels: Int, pixels: [UInt8]) throws(SemblanceError) {
        let count = Shape([height, width, channels]).checkedCount
        guard width > 0, height > 0, channels == 1 || channels == 3, count == pixels.count else {
            throw SemblanceError(
                .usage, "\(pixels.count) values are no image of \(width)x\(height) with \(channels) channels",
                remedy: "give width * height * channels values, with 1 or 3 channels")
        }
        self.init(unchecked: pixels, width: width, height: height, channels: channels)
    }

    /// For callers in this package that have established the sizes.
    package init(unchecked pixels: [UInt8], width: Int, height: Int, channels: Int) {
        assert(pixels.count == width * height * channels)
        self.width = width
        self.height = height
        self.channels = channels
        self.pixels = pixels
    }

    /// An image of one colour.
    package init(width: Int, height: Int, color: Color) {
        precondition(width > 0 && height > 0, "an image of \(width)x\(height)")
        self.init(
            unchecked: [UInt8](repeating: 0, count: width * height * 3), width: width, height: height,
            channels: 3)
        fill(bounds, color)
    }

    /// The rectangle that holds all pixels.
    package var bounds: Rectangle { Rectangle(x: 0, y: 0, width: width, height: height) }

    /// Grey by the luma of BT.601, as JPEG and Pillow define it.
    public func grey() -> Image {
        guard channels == 3 else { return self }
        var result = [UInt8](repeating: 0, count: width * height)
        pixels.withUnsafeBufferPointer { source in
            result.withUnsafeMutableBufferPointer { target in
                for index in target.indices {
                    target[index] = luma(source[3 * index], source[3 * index + 1], source[3 * index + 2])
                }
            }
        }
        return Image(unchecked: result, width: width, height: height, channels: 1)
    }

    /// RGB; grey is repeated in the three channels.
    public func rgb() -> Image {
        guard channels == 1 else { return self }
        var result = [UInt8](repeating: 0, count: width * height * 3)
        pixels.withUnsafeBufferPointer { source in
            result.withUnsafeMutableBufferPointer { target in
                for index in source.indices {
                    target[3 * index] = source[index]
                    target[3 * index + 1] = source[index]
                    target[3 * index + 2] = source[index]
                }
            }
        }
        return Image(unchecked: result, width: width, height: height, channels: 3)
    }

    /// The image with 1 or 3 channels.
    package func converted(toChannels count: Int) -> Image { count == 1 ? grey() : rgb() }

    /// The part inside a rectangle, which may reach beyond the image: what is outside repeats the nearest edge pixel,
    /// or is `padding` where that is given.
    /// - Precondition: the rectangle is not empty.
    package func cropped(to rectangle: Rectangle, padding: UInt8? = nil) -> Image {
        precondition(rectangle.width > 0 && rectangle.height > 0, "an empty crop")
        var result = [UInt8](repeating: padding ?? 0, count: rectangle.width * rectangle.height * channels)
        for row in 0..<rectangle.height {
            let sourceRow = rectangle.y + row
            if padding != nil && !(0..<height).contains(sourceRow) { continue }
            let source = min(max(sourceRow, 0), height - 1) * width
            for column in 0..<rectangle.width {
                let sourceColumn = rectangle.x + column
                if padding != nil && !(0..<width).contains(sourceColumn) { continue }
                let from = (source + min(max(sourceColumn, 0), width - 1)) * channels
                let to = (row * rectangle.width + column) * channels
                for channel in 0..<channels { result[to + channel] = pixels[from + channel] }
            }
        }
        return Image(unchecked: result, width: rectangle.width, height: rectangle.height, channels: channels)
    }

    /// The square in the middle whose side is `fraction` of the image's smaller side.
    package func middle(_ fraction: Double) -> Image {
        let side = max(1, Int((Double(min(width, height)) * fraction).rounded()))
        return cropped(
            to: Rectangle(x: (width - side) / 2, y: (height - side) / 2, width: side, height: side))
    }

    /// Mirrored left to right.
    package func flipped() -> Image { oriented(.flippedHorizontally) }
}

/// A rectangle of pixels; x and y are its upper left corner.
package struct Rectangle: Sendable, Hashable {
    package var x: Int
    package var y: Int
    package var width: Int
    package var height: Int

    package init(x: Int, y: Int, width: Int, height: Int) {
        self.x = x
        self.y = y
        self.width = width
        self.height = height
    }

    /// What both cover; of width or height 0 where nothing.
    package func intersection(_ other: Rectangle) -> Rectangle {
        let left = max(x, other.x)
        let top = max(y, other.y)
        return Rectangle(
            x: left, y: top, width: max(0, min(x + width, other.x + other.width) - left),
            height: max(0, min(y + height, other.y + other.height) - top))
    }
}

/// The luma of BT.601 with 16-bit weights, rounded.
@inline(__always)
func luma(_ red: UInt8, _ green: UInt8, _ blue: UInt8) -> UInt8 {
    let (r, g, b) = (UInt32(red), UInt32(green), UInt32(blue))
    let sum: UInt32 = 19595 * r + 38470 * g + 7471 * b + 32768
    return UInt8(truncatingIfNeeded: sum >> 16)
}
