import Foundation
import SemblanceCore

extension Reference {
    /// The elements along an axis, for every position on the others.
    private static func vectors(of shape: Shape, along axis: Int) -> [[Int]] {
        let stride = shape.strides[axis]
        return (0..<shape.count).filter { shape.coordinates(of: $0)[axis] == 0 }
            .map { start in (0..<shape[axis]).map { start + $0 * stride } }
    }

    static func softmax(_ x: DoubleTensor, axis: Int) -> DoubleTensor {
        var y = x
        for vector in vectors(of: x.shape, along: axis) {
            let largest = vector.map { x[$0] }.max() ?? 0
            let sum = vector.reduce(0) { $0 + exp(x[$1] - largest) }
            for index in vector { y[index] = exp(x[index] - largest) / sum }
        }
        return y
    }

    /// dx_i = sum over j of dy_j dy_j/dx_i, with dy_j/dx_i = y_j ((i == j) - y_i).
    static func softmaxGradient(y: DoubleTensor, dy: DoubleTensor, axis: Int) -> DoubleTensor {
        var dx = DoubleTensor(shape: y.shape)
        for vector in vectors(of: y.shape, along: axis) {
            for i in vector {
                for j in vector { dx[i] += dy[j] * y[j] * ((i == j ? 1 : 0) - y[i]) }
            }
        }
        return dx
    }
}
