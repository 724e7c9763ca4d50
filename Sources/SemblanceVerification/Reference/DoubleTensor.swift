import SemblanceCore

/// A tensor in double precision, row-major: what the reference computes with.
package struct DoubleTensor: Sendable {
    package var shape: Shape
    package var values: [Double]

    package init(shape: Shape, values: [Double]) {
        precondition(shape.count == values.count, "\(values.count) values for shape \(shape)")
        self.shape = shape
        self.values = values
    }

    package init(shape: Shape, repeating value: Double = 0) {
        self.shape = shape
        values = [Double](repeating: value, count: shape.count)
    }

    package subscript(index: Int) -> Double {
        get { values[index] }
        set { values[index] = newValue }
    }
}

extension Shape {
    /// The position along each axis of the element `index`.
    func coordinates(of index: Int) -> [Int] {
        var rest = index
        return strides.map { stride in
            defer { rest %= stride }
            return rest / stride
        }
    }

    /// The element at a position; axes of size 1 are broadcast.
    func index(broadcasting coordinates: [Int]) -> Int {
        zip(zip(coordinates, dimensions), strides).reduce(0) { sum, axis in
            sum + (axis.0.1 == 1 ? 0 : axis.0.0) * axis.1
        }
    }
}
