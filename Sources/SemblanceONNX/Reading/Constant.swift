import SemblanceCore

/// A tensor whose elements are known when the model is read.
struct Constant {
    enum Elements {
        case floats([Float])
        case integers([Int])

        var count: Int {
            switch self {
            case .floats(let values): values.count
            case .integers(let values): values.count
            }
        }
    }

    /// The initialiser or the node output that it was.
    var name: String
    /// As many elements as `elements` has.
    var shape: Shape
    var elements: Elements

    /// The elements as floats, whatever they are stored as.
    var floats: [Float] {
        switch elements {
        case .floats(let values): values
        case .integers(let values): values.map { Float($0) }
        }
    }

    /// The elements as integers, or nil where they are fractions.
    var integers: [Int]? {
        guard case .integers(let values) = elements else { return nil }
        return values
    }

    /// - Precondition: `permutation` permutes the axes.
    func transposed(_ permutation: [Int]) -> Constant {
        let source = shape.strides
        let target = Shape(permutation.map { shape[$0] })
        let steps = permutation.map { source[$0] }
        var indices = [Int](repeating: 0, count: target.rank)
        var offset = 0
        var order: [Int] = []
        order.reserveCapacity(elements.count)
        for _ in 0..<elements.count {
            order.append(offset)
            for axis in indices.indices.reversed() {
                indices[axis] += 1
                offset += steps[axis]
                if indices[axis] < target[axis] { break }
                offset -= steps[axis] * target[axis]
                indices[axis] = 0
            }
        }
        var result = self
        result.shape = target
        switch elements {
        case .floats(let values): result.elements = .floats(order.map { values[$0] })
        case .integers(let values): result.elements = .integers(order.map { values[$0] })
        }
        return result
    }
}
