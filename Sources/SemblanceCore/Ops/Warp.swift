/// An affine map of the plane: (x, y) -> (a x + b y + c, d x + e y + f). Pixel centres have whole coordinates.
public struct AffineMap: Sendable, Hashable, Codable {
    public var a, b, c, d, e, f: Double

    public init(a: Double, b: Double, c: Double, d: Double, e: Double, f: Double) {
        (self.a, self.b, self.c, self.d, self.e, self.f) = (a, b, c, d, e, f)
    }

    public static let identity = AffineMap(a: 1, b: 0, c: 0, d: 0, e: 1, f: 0)

    /// From pixels of an image that was resized by `scale` (in both directions) to those of the original: edges stay on edges, so
    /// centres shift by half a pixel of each.
    public static func enlargement(by scale: Double) -> AffineMap {
        AffineMap(a: scale, b: 0, c: (scale - 1) / 2, d: 0, e: scale, f: (scale - 1) / 2)
    }

    public func callAsFunction(_ x: Double, _ y: Double) -> (x: Double, y: Double) {
        (a * x + b * y + c, d * x + e * y + f)
    }

    /// First this one, then `next`.
    public func followed(by next: AffineMap) -> AffineMap {
        let origin = next(c, f)
        return AffineMap(
            a: next.a * a + next.b * d, b: next.a * b + next.b * e, c: origin.x,
            d: next.d * a + next.e * d, e: next.d * b + next.e * e, f: origin.y)
    }

    /// How much larger lengths become, in the geometric mean of the two directions.
    public var scale: Double { abs(a * e - b * d).squareRoot() }
}

/// A row of the `views` input of `Op.warp`: the picture that an output looks at, and where its pixels lie there.
public struct PictureView: Sendable, Hashable {
    /// Which of the pictures, from 0.
    public var picture: Int
    /// The picture's size in pixels; its rows lie one behind the other without a gap. A picture of width 0 is all black.
    public var width: Int
    public var height: Int
    /// From the output's pixels to the picture's.
    public var transform: AffineMap

    public init(picture: Int, width: Int, height: Int, transform: AffineMap) {
        self.picture = picture
        self.width = width
        self.height = height
        self.transform = transform
    }

    /// For an output that nobody reads.
    public static let none = PictureView(picture: 0, width: 0, height: 0, transform: .identity)

    /// Floats in a row.
    public static let count = 9

    /// Picture, width, height, a, b, c, d, e, f.
    public var values: [Float] {
        [Float(picture), Float(width), Float(height)]
            + [transform.a, transform.b, transform.c, transform.d, transform.e, transform.f].map { Float($0) }
    }
}

/// How `Op.warp` expects a pixel: red + 256 green + 65536 blue, each from 0 to 255. A float holds that exactly, so pictures
/// travel to a device in 4 bytes a pixel, and no bit patterns that some device might take for a NaN.
public enum PackedPixel {
    @inlinable @inline(__always)
    public static func pack(red: UInt8, green: UInt8, blue: UInt8) -> Float {
        Float(UInt32(red) | UInt32(green) << 8 | UInt32(blue) << 16)
    }
}
