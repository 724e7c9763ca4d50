import SemblanceCore

/// Axes, outermost first, and how far apart their entries lie in a tensor: how kernels walk broadcast, permuted and
/// partly summed tensors. The kernels' `STRIDED(name)` parameter.
struct StridedAxes {
    /// As many as the kernels take.
    static let limit = 6

    private(set) var sizes: [Int] = []
    private(set) var strides: [Int] = []

    /// Axes of one entry are left out, and neighbours that are walked like a single axis are joined.
    init(sizes: [Int], strides: [Int]) {
        for (size, stride) in zip(sizes, strides) where size != 1 {
            if let last = self.sizes.indices.last, self.strides[last] == stride * size {
                self.sizes[last] *= size
                self.strides[last] = stride
            } else {
                self.sizes.append(size)
                self.strides.append(stride)
            }
        }
    }

    var count: Int { sizes.reduce(1, *) }

    /// - Throws: `unsupportedOperation` for more axes than the kernels take.
    func arguments(for operation: String) throws(SemblanceError) -> [KernelArgument] {
        guard sizes.count <= Self.limit else {
            throw SemblanceError(
                .unsupportedOperation,
                "\(operation): OpenCL kernels walk at most \(Self.limit) separate axes, not \(sizes.count)",
                remedy: "split the operation into several that each move fewer axes")
        }
        return (0..<Self.limit).flatMap { axis -> [KernelArgument] in
            axis < sizes.count ? [.ulong(sizes[axis]), .ulong(strides[axis])] : [.ulong(1), .ulong(0)]
        }
    }

    /// The kernels' `AXES` for one or several of these.
    static func defines(_ axes: StridedAxes...) -> [String: Int] {
        ["AXES": axes.reduce(1) { max($0, $1.sizes.count) }]
    }
}
