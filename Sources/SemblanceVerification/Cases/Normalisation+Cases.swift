import SemblanceCore

extension OpCase {
    static let normalisations: [OpCase] = {
        let shapes: [Shape] = [
            [1, 1, 1, 1], [1, 5, 1, 1], [3, 1, 4, 5], [7, 1], [8, 13], [33, 512], [1, 3, 7, 9],
            [2, 16, 8, 8],
            [3, 65, 7, 7], [5, 4, 1, 1], [1, 64, 28, 28], [16, 3, 9, 11], [4, 32, 56, 56],
        ]
        return shapes.flatMap { batchNorms($0, .normal) } + batchNorms([4, 6, 8, 8], .shifted(mean: 30))
            + batchNorms([64, 5], .shifted(mean: -10)) + l2 + softmaxes
    }()

    private static func batchNorms(_ x: Shape, _ fill: Fill) -> [OpCase] {
        let channel: Shape = [x.channels]
        let norm = BatchNorm()
        let count = x.count / x.channels
        let gamma = Input(channel, .uniform(0.5...1.5)), beta = Input(channel)
        let mean = Input(channel, fill), variance = Input(channel, .uniform(0.3...2))
        let detail = fill == .normal ? "\(x)" : "\(x) \(fill)"
        var inference = OpCase(
            .batchNorm(norm), detail, [.init(x, fill), gamma, beta, mean, variance], [.init(x, scale: 1)])
        inference.parameters = 1..<5
        let training = OpCase(
            .batchNormTraining(BatchNorm(momentum: 0.3)), detail, [.init(x, fill), gamma, beta],
            [
                .init(x, reduction: count), .init(channel, reduction: count, scale: 1),
                .init(channel, reduction: count), .init(channel, reduction: count, before: fill, scale: 1),
                .init(channel, reduction: count, before: .uniform(0.3...2)),
            ])
        // Sums of n terms of either sign are of the size of sqrt(n), and dx of the size of 1 / deviation.
        let root = Float(count).squareRoot()
        let frozen = OpCase(
            .batchNormGradient(norm), detail, [.init(x, fill), .init(x), gamma, mean, variance],
            [
                .init(x), .init(channel, reduction: count, scale: root),
                .init(channel, reduction: count, scale: root),
            ])
        var cases = [inference, training, frozen]
        // With 2 to 4 elements in a channel dx all but cancels.
        if count == 1 || count > 4 {
            cases.append(
                OpCase(
                    .batchNormTrainingGradient(norm), detail,
                    [
                        .init(x, fill), .init(x), gamma, .init(channel, .channelMean(of: 0)),
                        .init(channel, .channelInverseDeviation(of: 0, epsilon: norm.epsilon)),
                    ],
                    [
                        .init(x, reduction: count, scale: 1), .init(channel, reduction: count, scale: root),
                        .init(channel, reduction: count, scale: root),
                    ]))
        }
        return cases
    }

    private static let l2: [OpCase] = {
        let sizes: [(Int, Int)] = [
            (1, 1), (1, 2), (5, 3), (3, 128), (33, 65), (1, 512), (7, 513), (100, 17), (2, 2049),
        ]
        let zeroRow = [Float](repeating: 0, count: 5) + [1, -2, 3, 0.5, 0.25]
        return sizes.flatMap { n, k in
            [
                OpCase(
                    .l2Normalise(epsilon: 1e-10), "\(n)x\(k)", [.init([n, k])], [.init([n, k], reduction: k)]),
                OpCase(
                    .l2NormaliseGradient(epsilon: 1e-10), "\(n)x\(k)",
                    [.init([n, k], .uniform(0.5...2)), .init([n, k])],
                    [.init([n, k], reduction: k, scale: 1)]),
            ]
        } + [
            OpCase(
                .l2Normalise(epsilon: 1e-10), "a zero row", [.init([2, 5], .fixed(zeroRow))],
                [.init([2, 5], reduction: 5)]),
            OpCase(
                .l2NormaliseGradient(epsilon: 0.5), "a zero row",
                [.init([2, 5], .fixed(zeroRow)), .init([2, 5])], [.init([2, 5], reduction: 5, scale: 1)]),
            OpCase(
                .l2Normalise(epsilon: 100), "rows shorter than epsilon", [.init([3, 7])],
                [.init([3, 7], reduction: 7)]),
        ]
    }()

    private static let softmaxes: [OpCase] = {
        let shapes: [(Shape, [Int])] = [
            ([2, 65], [1]), ([1], [0]), ([5], [0]), ([1, 2], [0, 1]), ([3, 7], [0, 1]),
            ([2, 3, 5, 7], [0, 1, 2, 3]),
            ([1, 2, 19, 20], [1]),
            ([1, 420, 2], [2]), ([4, 1000], [1]), ([2, 129, 3], [1]), ([2, 2, 3, 2, 65], [2, 4]),
            ([33, 64], [0, 1]),
        ]
        let random = shapes.flatMap { shape, axes in
            axes.flatMap { axis in
                let length = shape[axis], detail = "axis \(axis) of \(shape)"
                // Rounding of the difference to the largest element, which is a few in size, is multiplied by exp.
                return [
                    OpCase(
                        .softmax(axis: axis), detail, [.init(shape)], [.init(shape, reduction: length + 16)]),
                    OpCase(
                        .softmaxGradient(axis: axis), detail,
                        [.init(shape, .uniform(0...2 / Float(length))), .init(shape)],
                        [.init(shape, reduction: length + 4, scale: 1 / Float(length))]),
                ]
            }
        }
        let infinity = Float.infinity
        let hard: [(String, [Float])] = [
            ("large", [1000, 1001, 999, -1000]), ("alike", [-3e38, -3e38, -3e38, -3e38]),
            ("minus infinity", [-infinity, 2, 1, -infinity]),
        ]
        return random
            + hard.map { detail, values in
                OpCase(
                    .softmax(axis: 1), "\(detail) elements", [.init([1, 4], .fixed(values))],
                    [.init([1, 4], reduction: 20)])
            }
    }()
}
