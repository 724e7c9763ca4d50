/// A float32 tensor in host memory, row-major.
public struct Tensor: Sendable, Equatable {
    public var shape: Shape
    public var values: [Float]

    /// - Precondition: `values` has as many elements as `shape`.
    public init(shape: Shape, values: [Float]) {
        precondition(shape.count == values.count, "\(values.count) values for shape \(shape)")
        self.shape = shape
        self.values = values
    }

    public init(shape: Shape, repeating value: Float = 0) {
        self.shape = shape
        values = [Float](repeating: value, count: shape.count)
    }
}
