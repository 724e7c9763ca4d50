/// The dimensions of a tensor, outermost first. Images are NCHW, convolution weights OIHW.
public struct Shape: Hashable, Sendable, ExpressibleByArrayLiteral, CustomStringConvertible {
    public var dimensions: [Int]

    public init(_ dimensions: [Int]) { self.dimensions = dimensions }
    public init(arrayLiteral elements: Int...) { dimensions = elements }

    public var rank: Int { dimensions.count }
    /// The number of elements; 1 for a scalar. Shapes come from validated sources, so the product fits.
    public var count: Int { dimensions.reduce(1, *) }

    public subscript(axis: Int) -> Int {
        get { dimensions[axis] }
        set { dimensions[axis] = newValue }
    }

    /// The number of elements, or nil where a dimension is negative or the product overflows: for shapes
    /// that were read from a file.
    public var checkedCount: Int? {
        var product = 1
        for dimension in dimensions {
            guard dimension >= 0 else { return nil }
            let (next, overflow) = product.multipliedReportingOverflow(by: dimension)
            guard !overflow else { return nil }
            product = next
        }
        return product
    }

    /// Distances between neighbours along each axis, in elements, row-major.
    public var strides: [Int] {
        var result = [Int](repeating: 1, count: rank)
        for axis in stride(from: rank - 2, through: 0, by: -1) {
            result[axis] = result[axis + 1] * dimensions[axis + 1]
        }
        return result
    }

    /// N of NCHW or of a matrix.
    public var batch: Int { rank > 0 ? dimensions[0] : 1 }
    /// C of NCHW; the width of a matrix.
    public var channels: Int { rank > 1 ? dimensions[1] : 1 }
    /// H of NCHW, 1 for a matrix.
    public var height: Int { rank > 2 ? dimensions[2] : 1 }
    /// W of NCHW, 1 for a matrix.
    public var width: Int { rank > 3 ? dimensions[3] : 1 }
    /// H x W.
    public var spatialCount: Int { dimensions.dropFirst(2).reduce(1, *) }

    public var description: String {
        "[" + dimensions.map(String.init).joined(separator: "x") + "]"
    }
}
