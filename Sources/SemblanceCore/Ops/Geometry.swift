/// A pair of integers for the two axes of an image: kernel sizes, strides, dilations, scales.
public struct Extent: Hashable, Sendable, CustomStringConvertible {
    public var height: Int
    public var width: Int

    public init(_ height: Int, _ width: Int) {
        self.height = height
        self.width = width
    }

    public init(_ both: Int) { self.init(both, both) }

    public var count: Int { height * width }
    public var description: String { "\(height)x\(width)" }
}

/// Zeros around an image, in pixels.
public struct Padding: Hashable, Sendable {
    public var top: Int
    public var left: Int
    public var bottom: Int
    public var right: Int

    public init(top: Int, left: Int, bottom: Int, right: Int) {
        self.top = top
        self.left = left
        self.bottom = bottom
        self.right = right
    }

    public init(_ all: Int) { self.init(top: all, left: all, bottom: all, right: all) }
}

/// The sliding window that convolutions and poolings share.
public struct Window: Hashable, Sendable {
    public var kernel: Extent
    public var stride: Extent
    public var padding: Padding
    public var dilation: Extent

    public init(
        kernel: Extent, stride: Extent = Extent(1), padding: Padding = Padding(0),
        dilation: Extent = Extent(1)
    ) {
        self.kernel = kernel
        self.stride = stride
        self.padding = padding
        self.dilation = dilation
    }

    /// Rows and columns that the window covers, holes of the dilation included.
    public var reach: Extent {
        Extent(dilation.height * (kernel.height - 1) + 1, dilation.width * (kernel.width - 1) + 1)
    }

    /// The output's height and width for an input's.
    /// - Throws: `unsupportedOperation` where the window is empty or larger than the padded input.
    public func output(height: Int, width: Int) throws(SemblanceError) -> Extent {
        let sizes = [
            kernel.height, kernel.width, stride.height, stride.width, dilation.height, dilation.width,
        ]
        let pads = [padding.top, padding.left, padding.bottom, padding.right]
        let limit = 1 << 20
        guard sizes.allSatisfy({ $0 > 0 && $0 < limit }), pads.allSatisfy({ $0 >= 0 && $0 < limit }) else {
            throw SemblanceError(
                .unsupportedOperation,
                "a window of kernel \(kernel), stride \(stride), dilation \(dilation) and padding \(pads) makes no sense"
            )
        }
        let freeRows = height + padding.top + padding.bottom - reach.height
        let freeColumns = width + padding.left + padding.right - reach.width
        guard freeRows >= 0, freeColumns >= 0 else {
            throw SemblanceError(
                .unsupportedOperation,
                "a \(kernel) window with dilation \(dilation) does not fit a padded input of \(height)x\(width)",
                remedy: "use a larger input size")
        }
        return Extent(freeRows / stride.height + 1, freeColumns / stride.width + 1)
    }
}
