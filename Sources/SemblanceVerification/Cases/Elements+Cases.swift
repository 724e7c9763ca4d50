import SemblanceCore

extension OpCase {
    static let elements: [OpCase] = broadcasts + sums + dropouts + roundings

    private static let broadcasts: [OpCase] = {
        let pairs: [(Shape, Shape)] = [
            ([1], [1]), ([7], [7]), ([1025], [1025]), ([5, 3], [5, 3]), ([5, 3], [1, 3]), ([5, 3], [5, 1]),
            ([5, 3], [1, 1]), ([2, 3, 5, 7], [2, 3, 5, 7]), ([2, 3, 5, 7], [1, 3, 1, 1]),
            ([2, 3, 5, 7], [2, 3, 1, 1]), ([2, 3, 5, 7], [1, 1, 5, 7]), ([2, 3, 5, 7], [2, 1, 5, 1]),
            ([2, 3, 5, 7], [1, 1, 1, 7]), ([1, 64, 14, 14], [1, 64, 14, 14]),
            ([3, 17, 28, 28], [3, 17, 1, 1]),
            ([2, 3, 2, 3, 4], [2, 1, 2, 1, 4]),
        ]
        return [Op.add, .multiply, .divide].flatMap { op in
            pairs.map { a, b in
                // Away from 0.
                let fill: Fill = op == .divide ? .uniform(0.5...2) : .normal
                var result = OpCase(
                    op, "\(a), \(b)", [.init(a), .init(b, fill)], [.init(a, reduction: op == .divide ? 4 : 1)]
                )
                result.parameters = 1..<2
                return result
            }
        }
    }()

    /// With scales that are powers of 2, so that the middles between levels are met exactly: half of the values of `distinct` are there.
    private static let roundings: [OpCase] = {
        let shapes: [Shape] = [[1], [7], [1025], [5, 3], [2, 3, 5, 7], [1, 64, 14, 14]]
        let levels = [(0.125, 128), (0.125, 0), (0.0625, 255), (8, 3)].map {
            Quantisation(scale: Float($0.0), zero: $0.1)
        }
        return zip(shapes, levels + levels).flatMap { shape, levels in
            [Fill.distinct, .uniform(-40 * levels.scale...300 * levels.scale)].map { fill in
                OpCase(
                    .quantise(levels), "\(shape), scale \(levels.scale), zero \(levels.zero), \(fill)",
                    [.init(shape, fill)],
                    [.init(shape)])
            }
        }
    }()

    private static let sums: [OpCase] = {
        let pairs: [(Shape, Shape)] = [
            ([1], [1]), ([33], [33]), ([9], [1]), ([5, 3], [1, 3]), ([5, 3], [5, 1]), ([5, 3], [1, 1]),
            ([5, 3], [5, 3]), ([2, 3, 5, 7], [1, 3, 1, 1]), ([2, 3, 5, 7], [2, 3, 1, 1]),
            ([2, 3, 5, 7], [1, 1, 5, 7]), ([2, 3, 5, 7], [2, 1, 5, 1]), ([2, 3, 5, 7], [1, 1, 1, 1]),
            ([3, 17, 28, 28], [3, 17, 1, 1]), ([3, 17, 28, 28], [1, 17, 1, 1]),
            ([2, 3, 2, 3, 4], [2, 1, 2, 1, 4]),
        ]
        let reductions = pairs.map { x, y in
            OpCase(
                .reduceSum, "\(x) to \(y)", [.init(x, y.count < 8 ? .uniform(0.1...1) : .normal)],
                [.init(y, reduction: x.count / y.count)])
        }
        let squares = [1, 2, 255, 256, 1000, 4097, 300_001].map { count in
            OpCase(.sumOfSquares, "\(count)", [.init([count])], [.init([1], reduction: count)])
        }
        return reductions + squares
    }()

    private static let dropouts: [OpCase] = {
        let shapes: [Shape] = [[1, 1], [3, 5], [2, 3, 7, 5], [65, 129]]
        return shapes.flatMap { shape in
            [Float(0), 0.2, 0.5, 0.9].map { rate in
                OpCase(
                    .dropout(Dropout(rate: rate, seed: 0xDEAD_BEEF)), "\(rate) of \(shape)",
                    [.init(shape), .init([1], .integers(0...100_000))], [.init(shape, reduction: 2)])
            }
        }
    }()
}
