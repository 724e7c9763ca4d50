import SemblanceCore
import SemblanceTestSupport
import Testing

/// The backward pass against central differences.
@Suite struct GradientTests {
    private let seed = UInt64.random(in: .min ... .max)
    private var check: GradientCheck

    init() { check = GradientCheck(seed: seed) }

    private mutating func expectAgreement(
        _ logits: ValueID, _ loss: MarginSoftmax = MarginSoftmax(margin: .none, scale: 1),
        at location: SourceLocation = #_sourceLocation
    ) throws {
        let failure = try check.failure(logits, loss: loss)
        #expect(failure == nil, "seed \(seed)", sourceLocation: location)
    }

    static let windows: [(Window, groups: Int)] = [
        (Window(kernel: Extent(1)), 1),
        (Window(kernel: Extent(3), padding: Padding(1)), 1),
        (Window(kernel: Extent(3), stride: Extent(2), padding: Padding(1)), 2),
        (Window(kernel: Extent(3), padding: Padding(2), dilation: Extent(2)), 4),
        (
            Window(
                kernel: Extent(2, 3), stride: Extent(3, 1),
                padding: Padding(top: 0, left: 2, bottom: 1, right: 0)),
            1
        ),
    ]

    @Test(arguments: windows) mutating func convolution(window: Window, groups: Int) throws {
        let x = check.parameter(2, 4, 6, 5)
        let weight = check.parameter(8, 4 / groups, window.kernel.height, window.kernel.width)
        let op = Convolution(window: window, groups: groups, hasBias: true)
        try expectAgreement(try check.apply(.convolution(op), x, weight, check.parameter(8)))
    }

    @Test(arguments: [false, true]) mutating func fullyConnected(hasBias: Bool) throws {
        let x = check.parameter(3, 7), weight = check.parameter(5, 7), bias = check.parameter(5)
        let op = Op.fullyConnected(FullyConnected(hasBias: hasBias))
        var y = try hasBias ? check.apply(op, x, weight, bias) : check.apply(op, x, weight)
        if !hasBias { y = try check.apply(.add, y, try check.apply(.reshape([1, -1]), bias)) }
        try expectAgreement(y)
    }

    @Test mutating func batchNormThroughTheBatch() throws {
        try expectAgreement(check.batchNormTraining(check.parameter(3, 4, 3, 2)))
    }

    @Test mutating func batchNormOfVectors() throws {
        try expectAgreement(check.batchNormTraining(check.parameter(6, 5)))
    }

    @Test mutating func batchNormFrozen() throws {
        let x = check.parameter(2, 3, 2, 2), gamma = check.parameter(3), beta = check.parameter(3)
        let mean = check.constant([3], [0.5, -1, 2]), variance = check.constant([3], [0.3, 1, 4])
        try expectAgreement(try check.apply(.batchNorm(BatchNorm()), x, gamma, beta, mean, variance))
    }

    @Test(arguments: [
        Activation.relu, .leakyRelu(slope: 0.1), .sigmoid, .tanh, .hardSigmoid(alpha: 0.7, beta: 0.4),
        .hardSwish,
        .clip(low: -0.5, high: 0.7), .power(exponent: 3),
    ])
    mutating func activation(activation: Activation) throws {
        try expectAgreement(try check.apply(.activation(activation), check.parameter(3, 4, 2, 3)))
    }

    @Test(arguments: [Activation.squareRoot, .power(exponent: 0.3), .power(exponent: -1)])
    mutating func activationOfPositiveNumbers(activation: Activation) throws {
        let x = check.parameter([3, 8], (0..<24).map { _ in Double(check.random.uniform(0.3...2)) })
        try expectAgreement(try check.apply(.activation(activation), x))
    }

    @Test mutating func prelu() throws {
        try expectAgreement(
            try check.apply(.activation(.prelu), check.parameter(2, 4, 2, 3), check.parameter(4)))
        check = GradientCheck(seed: seed)
        try expectAgreement(try check.apply(.activation(.prelu), check.parameter(5, 3), check.parameter(3)))
    }

    @Test(
        arguments: [Op.add, .multiply, .divide],
        [[2, 3, 4, 5], [1, 3, 1, 1], [2, 3, 1, 1], [1, 1, 4, 1], [1, 1, 1, 1]])
    mutating func broadcasting(op: Op, shape: [Int]) throws {
        let a = check.parameter(2, 3, 4, 5)
        let count = Shape(shape).count
        let b = check.parameter(Shape(shape), (0..<count).map { _ in check.awayFromZero() })
        try expectAgreement(try check.apply(op, a, b))
    }

    @Test(arguments: [Op.add, .multiply, .divide]) mutating func aValueWithItself(op: Op) throws {
        let a = check.parameter(3, 4)
        try expectAgreement(try check.apply(op, a, a))
    }

    @Test mutating func dropout() throws {
        let step = check.constant([1], [17])
        let x = check.parameter(4, 30)
        try expectAgreement(try check.apply(.dropout(Dropout(rate: 0.4, seed: 9)), x, step))
    }

    @Test mutating func pooling() throws {
        let window = Window(kernel: Extent(3, 2), stride: Extent(2, 1), padding: Padding(1))
        let ops: [Op] = [
            .maxPool(window), .averagePool(AveragePool(window: window)),
            .averagePool(AveragePool(window: window, countsPadding: true)), .globalAveragePool,
        ]
        for op in ops {
            check = GradientCheck(seed: seed)
            try expectAgreement(try check.apply(op, check.parameter(2, 3, 5, 6)))
        }
    }

    @Test mutating func form() throws {
        let a = check.parameter(2, 3, 4, 5), b = check.parameter(2, 1, 4, 5)
        let joined = try check.apply(.concat(axis: 1), a, b, a)
        let turned = try check.apply(.transpose([0, 3, 1, 2]), joined)
        try expectAgreement(try check.apply(.resizeNearest(Extent(2, 3)), turned))
    }

    @Test mutating func parts() throws {
        let x = check.parameter(2, 3, 4, 5)
        let pad = Pad(before: [0, 1, 2, 0], after: [0, 0, 1, 3], mode: .constant(0.5))
        let padded = try check.apply(.pad(pad), x)
        let none = Pad(before: [0, 0, 0, 0], after: [0, 0, 0, 0])
        let sliced = try check.apply(.slice(axis: 2, start: 1, count: 4), try check.apply(.pad(none), padded))
        // Multiplied by itself, so that gradients differ from place to place.
        try expectAgreement(try check.apply(.multiply, sliced, sliced))
    }

    @Test(arguments: [ResizeLinear.Coordinates.halfPixel, .alignCorners, .asymmetric])
    mutating func resizeLinear(coordinates: ResizeLinear.Coordinates) throws {
        for size in [Extent(3, 9), Extent(7, 2), Extent(1)] {
            check = GradientCheck(seed: seed)
            let resize = ResizeLinear(size: size, coordinates: coordinates)
            let y = try check.apply(.resizeLinear(resize), check.parameter(2, 3, 4, 5))
            try expectAgreement(try check.apply(.multiply, y, y))
        }
    }

    @Test(arguments: 0..<4) mutating func softmax(axis: Int) throws {
        try expectAgreement(try check.apply(.softmax(axis: axis), check.parameter(2, 3, 4, 5)))
    }

    @Test mutating func l2Normalise() throws {
        try expectAgreement(try check.apply(.l2Normalise(epsilon: 1e-10), check.parameter(3, 5)))
        check = GradientCheck(seed: seed)
        // Rows shorter than epsilon are only scaled.
        try expectAgreement(try check.apply(.l2Normalise(epsilon: 100), check.parameter(3, 5)))
    }

    @Test(
        arguments: [MarginSoftmax.Margin.none, .arcFace(0.5), .arcFace(1.2), .cosFace(0.4)], [Float(1), 8])
    mutating func marginSoftmax(margin: MarginSoftmax.Margin, scale: Float) throws {
        let cosines = (0..<60).map { _ in Double(check.random.uniform(-0.97...0.97)) }
        try expectAgreement(check.parameter([10, 6], cosines), MarginSoftmax(margin: margin, scale: scale))
    }

    @Test mutating func aSmallNetwork() throws {
        let convolution = Convolution(window: Window(kernel: Extent(3), padding: Padding(1)), hasBias: true)
        let x = check.parameter(3, 2, 6, 6)
        var y = try check.apply(.convolution(convolution), x, check.parameter(4, 2, 3, 3), check.parameter(4))
        y = check.batchNormTraining(y)
        let shortcut = try check.apply(.activation(.prelu), y, check.parameter(4))
        y = try check.apply(
            .convolution(convolution), shortcut, check.parameter(4, 4, 3, 3), check.parameter(4))
        y = try check.apply(.add, check.batchNormTraining(y), shortcut)
        y = try check.apply(
            .averagePool(AveragePool(window: Window(kernel: Extent(2), stride: Extent(2)))), y)
        y = try check.apply(.reshape([0, -1]), y)
        y = try check.apply(
            .fullyConnected(FullyConnected(hasBias: true)), y, check.parameter(5, 36), check.parameter(5))
        y = try check.apply(.l2Normalise(epsilon: 1e-10), y)
        let centres = try check.apply(.l2Normalise(epsilon: 1e-10), check.parameter(7, 5))
        y = try check.apply(.fullyConnected(FullyConnected(hasBias: false)), y, centres)
        try expectAgreement(y, MarginSoftmax(margin: .arcFace(0.5), scale: 4))
    }

    @Test mutating func sharedParameters() throws {
        let layer = Op.fullyConnected(FullyConnected(hasBias: true))
        let x = check.parameter(3, 4), weight = check.parameter(4, 4), bias = check.parameter(4)
        var y = try check.apply(layer, x, weight, bias)
        y = try check.apply(.activation(.sigmoid), y)
        y = try check.apply(layer, y, weight, bias)
        y = try check.apply(.add, y, x)
        try expectAgreement(try check.apply(layer, y, weight, bias))
    }

    @Test mutating func aParameterIsTheLogits() throws { try expectAgreement(check.parameter(3, 4)) }

    /// The check itself: an error of a hundred-thousandth shows.
    @Test(arguments: [-1e-5, 1e-5]) mutating func wrongGradientsAreNoticed(error: Double) throws {
        let y = try check.apply(.activation(.sigmoid), check.parameter(3, 4))
        #expect(try check.failure(y, spoiledBy: error) != nil)
    }

    @Test func refusals() throws {
        var check = GradientCheck(seed: seed)
        let x = check.parameter(2, 3)
        let mirrored = try check.apply(.pad(Pad(before: [0, 1], after: [0, 1], mode: .reflect)), x)
        let unsupported = #expect(throws: SemblanceError.self) { try check.failure(mirrored) }
        #expect(unsupported?.code == .unsupportedOperation)
        #expect(unsupported?.message.contains("reflect") == true)

        var unreached = GradientCheck(seed: seed)
        _ = unreached.parameter(3)
        let y = unreached.parameter(2, 3)
        let error = #expect(throws: SemblanceError.self) { try unreached.failure(y) }
        #expect(error?.code == .internalFault)
        #expect(error?.message.contains("p0") == true)
    }
}
