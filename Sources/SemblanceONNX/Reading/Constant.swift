import SemblanceCore

/// A tensor whose elements are known when the model is read.
struct Constant {
    enum Elements {
        case floats([Float])
        /// Integers of any width; truth values are 0 and 1.
        case integers([Int])
        /// Integers with at least one nil, which stands for the batch size: what arithmetic on shapes starts from.
        case sizes([Int?])

        /// Integers where all are known.
        init(_ sizes: [Int?]) {
            let known = sizes.compactMap { $0 }
            self = known.count == sizes.count ? .integers(known) : .sizes(sizes)
        }

        var count: Int {
            switch self {
            case .floats(let values): values.count
            case .integers(let values): values.count
            case .sizes(let values): values.count
            }
        }

        /// The elements as floats, whatever they are stored as; an open size is NaN.
        var floats: [Float] {
            switch self {
            case .floats(let values): values
            case .integers(let values): values.map { Float($0) }
            case .sizes(let values): values.map { $0.map { Float($0) } ?? .nan }
            }
        }

        /// As `floats`, with all digits of an integer below 2^53.
        var doubles: [Double] {
            switch self {
            case .floats(let values): values.map { Double($0) }
            case .integers(let values): values.map { Double($0) }
            case .sizes(let values): values.map { $0.map { Double($0) } ?? .nan }
            }
        }

        /// The elements as sizes, or nil where they are fractions.
        var sizes: [Int?]? {
            switch self {
            case .floats: nil
            case .integers(let values): values.map { Optional($0) }
            case .sizes(let values): values
            }
        }

        /// The elements at the positions that `order` lists.
        func picked(_ order: [Int]) -> Elements {
            switch self {
            case .floats(let values): .floats(order.map { values[$0] })
            case .integers(let values): .integers(order.map { values[$0] })
            case .sizes(let values): Elements(order.map { values[$0] })
            }
        }

        /// One after the other; floats where any are.
        static func joined(_ parts: [Elements]) -> Elements {
            if parts.contains(where: { $0.sizes == nil }) { return .floats(parts.flatMap(\.floats)) }
            return Elements(parts.flatMap { $0.sizes ?? [] })
        }
    }

    /// The initialiser or the node output that it was.
    var name: String
    /// As many elements as `elements` has.
    var shape: Shape
    var elements: Elements

    init(name: String = "", shape: Shape, elements: Elements) {
        self.name = name
        self.shape = shape
        self.elements = elements
    }

    var floats: [Float] { elements.floats }

    /// The elements as integers, or nil where they are fractions or not all known.
    var integers: [Int]? {
        guard case .integers(let values) = elements else { return nil }
        return values
    }
}

// Moving elements around: every operator that does is a list of which element goes where.
extension Constant {
    /// A tensor of this one's elements at the positions that `order` lists.
    /// - Precondition: all positions exist, as many as `shape` has elements.
    func picked(_ order: [Int], shape: Shape) -> Constant {
        Constant(name: name, shape: shape, elements: elements.picked(order))
    }

    /// Positions start + sum of steps[i] * index[i], for every index of `shape` in row-major order.
    static func positions(_ shape: Shape, steps: [Int], start: Int = 0) -> [Int] {
        let count = shape.count
        var indices = [Int](repeating: 0, count: shape.rank)
        var position = start
        var result: [Int] = []
        result.reserveCapacity(count)
        for _ in 0..<count {
            result.append(position)
            for axis in indices.indices.reversed() {
                indices[axis] += 1
                position += steps[axis]
                if indices[axis] < shape[axis] { break }
                position -= steps[axis] * shape[axis]
                indices[axis] = 0
            }
        }
        return result
    }

    /// - Precondition: `permutation` permutes the axes.
    func transposed(_ permutation: [Int]) -> Constant {
        let strides = shape.strides
        let target = Shape(permutation.map { shape[$0] })
        return picked(Self.positions(target, steps: permutation.map { strides[$0] }), shape: target)
    }

    /// Repeats along axes of size 1, as broadcasting does.
    /// - Precondition: `target` is what this shape broadcasts to.
    func broadcast(to target: Shape) -> Constant {
        guard shape != target else { return self }
        let leading = target.rank - shape.rank
        let strides = shape.strides
        let steps = target.dimensions.indices.map { axis in
            axis < leading || shape[axis - leading] == 1 ? 0 : strides[axis - leading]
        }
        return picked(Self.positions(target, steps: steps), shape: target)
    }
}

extension Shape {
    /// What two shapes broadcast to: aligned at their last axes, 1 stretches to anything. Nil where they do not fit.
    func broadcast(with other: Shape) -> Shape? {
        var result: [Int] = []
        for index in 0..<Swift.max(rank, other.rank) {
            let a = index < rank ? self[rank - 1 - index] : 1
            let b = index < other.rank ? other[other.rank - 1 - index] : 1
            guard a == b || a == 1 || b == 1 else { return nil }
            result.append(a == 1 ? b : a)
        }
        return Shape(result.reversed())
    }
}
