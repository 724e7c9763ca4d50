/// Entries around a tensor. `before` and `after` hold a number for each axis, 0 or more.
public struct Pad: Hashable, Sendable {
    public enum Mode: Hashable, Sendable {
        case constant(Float)
        /// The tensor mirrored at its first and last entry, which are not repeated: fewer than the axis has.
        case reflect
        /// The first and the last entry repeated.
        case edge
    }

    public var before: [Int]
    public var after: [Int]
    public var mode: Mode

    public init(before: [Int], after: [Int], mode: Mode = .constant(0)) {
        self.before = before
        self.after = after
        self.mode = mode
    }
}

/// Bilinear interpolation to a size.
public struct ResizeLinear: Hashable, Sendable {
    /// Where the middle of an output pixel lies in the input.
    public enum Coordinates: Hashable, Sendable {
        /// (i + 1/2) in / out - 1/2: images of one scene cover each other (PyTorch's align_corners=False).
        case halfPixel
        /// i (in - 1) / (out - 1): the middles of the corner pixels stay.
        case alignCorners
        /// i in / out.
        case asymmetric
    }

    /// The output's height and width.
    public var size: Extent
    public var coordinates: Coordinates

    public init(size: Extent, coordinates: Coordinates = .halfPixel) {
        self.size = size
        self.coordinates = coordinates
    }

    /// Output pixel i of an axis lies at (i * step + start) / unit of the input, between 0 and the last pixel: in whole numbers, since
    /// single precision loses the fraction of far pixels.
    package struct Axis: Sendable {
        package var step: Int
        package var start: Int
        package var unit: Int
    }

    package func axis(input: Int, output: Int) -> Axis {
        switch coordinates {
        case .halfPixel: Axis(step: 2 * input, start: input - output, unit: 2 * output)
        case .alignCorners: Axis(step: output > 1 ? input - 1 : 0, start: 0, unit: max(output - 1, 1))
        case .asymmetric: Axis(step: input, start: 0, unit: output)
        }
    }
}
