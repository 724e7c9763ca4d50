import SemblanceCore

extension OpCase {
    static let elements: [OpCase] = activations + broadcasts + sums + dropouts

    private static let activations: [OpCase] = {
        let shapes: [Shape] = [
            [1, 1], [1, 1, 1, 1], [3, 7], [2, 3, 5, 7], [1, 64, 9, 9], [4, 1, 3, 3], [1, 17, 1, 33],
            [2, 32, 28, 28],
        ]
        let activations: [Activation] = [.relu, .leakyRelu(slope: 0.2), .prelu, .sigmoid]
        return shapes.flatMap { shape in
            activations.flatMap { activation -> [OpCase] in
                // Zeros and sigmoid's tails, too.
                let fill: Fill = shape.count > 100 ? .integers(-9...9) : .normal
                let slope = Input([shape.channels], .uniform(0.05...0.5))
                let isPrelu = activation == .prelu
                let detail = "\(activation) \(shape)"
                var forward = OpCase(
                    .activation(activation), detail, [.init(shape, fill)] + (isPrelu ? [slope] : []),
                    [.init(shape, reduction: 2)])
                forward.parameters = 1..<(isPrelu ? 2 : 1)
                let count = shape.count / shape.channels
                let backward = OpCase(
                    .activationGradient(activation), detail,
                    [.init(shape, fill), .init(shape)] + (isPrelu ? [slope] : []),
                    [.init(shape, reduction: 4)]
                        + (isPrelu
                            ? [
                                .init(
                                    [shape.channels], reduction: count,
                                    scale: Float(count).squareRoot())
                            ] : []))
                return [forward, backward]
            }
        }
    }()

    private static let broadcasts: [OpCase] = {
        let pairs: [(Shape, Shape)] = [
            ([1], [1]), ([7], [7]), ([1025], [1025]), ([5, 3], [5, 3]), ([5, 3], [1, 3]), ([5, 3], [5, 1]),
            ([5, 3], [1, 1]), ([2, 3, 5, 7], [2, 3, 5, 7]), ([2, 3, 5, 7], [1, 3, 1, 1]),
            ([2, 3, 5, 7], [2, 3, 1, 1]), ([2, 3, 5, 7], [1, 1, 5, 7]), ([2, 3, 5, 7], [2, 1, 5, 1]),
            ([2, 3, 5, 7], [1, 1, 1, 7]), ([1, 64, 14, 14], [1, 64, 14, 14]),
            ([3, 17, 28, 28], [3, 17, 1, 1]),
            ([2, 3, 2, 3, 4], [2, 1, 2, 1, 4]),
        ]
        return [Op.add, .multiply].flatMap { op in
            pairs.map { a, b in
                var result = OpCase(op, "\(a), \(b)", [.init(a), .init(b)], [.init(a)])
                result.parameters = 1..<2
                return result
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
