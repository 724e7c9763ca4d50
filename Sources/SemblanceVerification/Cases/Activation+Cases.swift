import SemblanceCore

extension OpCase {
    static let activations: [OpCase] = {
        let shapes: [Shape] = [
            [1, 1], [1, 1, 1, 1], [3, 7], [2, 3, 5, 7], [1, 64, 9, 9], [4, 1, 3, 3], [1, 17, 1, 33],
            [2, 32, 28, 28],
        ]
        let simple: [Activation] = [
            .relu, .leakyRelu(slope: 0.2), .prelu, .sigmoid, .tanh, .hardSigmoid(alpha: 0.2, beta: 0.5),
            .hardSwish, .clip(low: 0, high: 6), .squareRoot, .power(exponent: 2),
        ]
        let rare: [Activation] = [
            .hardSigmoid(alpha: 0.25, beta: 0.5), .hardSigmoid(alpha: -2, beta: 1.5),
            .clip(low: -0.5, high: 0.25), .clip(low: -.infinity, high: 1), .clip(low: 1, high: .infinity),
            .clip(low: -.infinity, high: .infinity), .clip(low: 2, high: 2), .power(exponent: 0.5),
            .power(exponent: -1), .power(exponent: 3), .power(exponent: 1.7), .power(exponent: 0),
        ]
        return shapes.flatMap { shape in simple.flatMap { activation($0, shape) } }
            + [[3, 7], [2, 3, 3, 3]].flatMap { shape in rare.flatMap { activation($0, shape) } } + corners
    }()

    /// Forward and backward on random data.
    private static func activation(_ activation: Activation, _ shape: Shape) -> [OpCase] {
        // Zeros, corners and tails, too.
        let fill: Fill = shape.count > 100 ? .integers(-9...9) : .normal
        let (forward, backward) = activation.domain ?? (fill, fill)
        let isPrelu = activation == .prelu
        let slope = isPrelu ? [Input([shape.channels], .uniform(0.05...0.5))] : []
        let detail = "\(activation) \(shape)"
        var y = OpCase(
            .activation(activation), detail, [.init(shape, forward)] + slope,
            [.init(shape, reduction: activation.reduction, scale: activation.scale)])
        y.parameters = 1..<(isPrelu ? 2 : 1)
        let count = shape.count / shape.channels
        let dslope =
            isPrelu
            ? [Output([shape.channels], reduction: count, scale: Float(count).squareRoot())] : []
        let dx = OpCase(
            .activationGradient(activation), detail, [.init(shape, backward), .init(shape)] + slope,
            [.init(shape, reduction: 2 * activation.reduction, scale: activation.derivativeScale)] + dslope)
        return [y, dx]
    }

    /// At and beside every bend, and at what is not finite.
    private static let corners: [OpCase] = {
        let infinity = Float.infinity
        let points: [(Activation, [Float])] = [
            (.relu, [0, -0.0, infinity, -infinity, .leastNormalMagnitude, -1, 1]),
            (.sigmoid, [infinity, -infinity, .nan, 100, -100, 0, 1]),
            (.tanh, [infinity, -infinity, .nan, 100, -100, 1e-4, -1e-8, 0.5]),
            (.hardSigmoid(alpha: 0.25, beta: 0.5), [2, -2, 1.9375, -1.9375, infinity, -infinity, 1]),
            (.hardSwish, [3, -3, 2.9375, -2.9375, infinity, .nan, 0, 1]),
            (.clip(low: 0, high: 6), [0, 6, 5.9375, 0.0625, infinity, -infinity, 7, 1]),
            (.clip(low: -infinity, high: 6), [-infinity, infinity, 6, 5.9375, -1e30, 1]),
            (.squareRoot, [0, infinity, -1, .nan, 4, 1e-10, 2]),
            (.power(exponent: 2), [0, -3, infinity, -infinity, .nan, 2]),
            (.power(exponent: 0), [0, -3, infinity, .nan, 2]),
            (.power(exponent: 0.5), [0, infinity, -1, .nan, 2]),
            (.power(exponent: -1), [0, infinity, -infinity, .nan, -2, 2]),
        ]
        return points.flatMap { activation, x -> [OpCase] in
            let shape: Shape = [1, x.count]
            let finite = x.filter { $0.isFinite && (activation.domain == nil || $0 > 0) }
            return [
                OpCase(
                    .activation(activation), "\(activation) at its corners", [.init(shape, .fixed(x))],
                    [.init(shape, reduction: activation.reduction, scale: activation.scale)]),
                OpCase(
                    .activationGradient(activation), "\(activation) at its corners",
                    [.init([1, finite.count], .fixed(finite)), .init([1, finite.count])],
                    [
                        .init(
                            [1, finite.count], reduction: 2 * activation.reduction,
                            scale: activation.derivativeScale)
                    ]),
            ]
        }
    }()
}

extension Activation {
    /// Data on which the function and its derivative are defined and tame, where that is not everywhere.
    fileprivate var domain: (forward: Fill, backward: Fill)? {
        switch self {
        case .squareRoot: (.uniform(0...9), .uniform(0.1...9))
        case .power(let exponent) where exponent < 0 || exponent != exponent.rounded():
            (.uniform(0.2...4), .uniform(0.2...4))
        default: nil
        }
    }

    /// Where terms of about 1 may cancel: 1 - y^2 in tanh's derivative, lines through an axis.
    fileprivate var scale: Float {
        switch self {
        case .tanh, .hardSigmoid, .hardSwish: 1
        default: 0
        }
    }

    /// As `scale`, for the derivative: 1 - y in sigmoid's, which may be the only element of a shape.
    fileprivate var derivativeScale: Float { self == .sigmoid ? 1 : scale }

    /// Roundings, as the length of a sum: `pow` may be off by 16 units in the last place in OpenCL.
    var reduction: Int { if case .power = self { 16 } else { 2 } }
}
