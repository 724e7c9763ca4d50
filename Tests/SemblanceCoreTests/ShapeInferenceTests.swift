import SemblanceCore
import Testing

/// What is refused; the shapes that are inferred are checked against the table of operation cases.
@Suite struct ShapeInferenceTests {
    private static let image: Shape = [2, 4, 8, 8]
    private static let convolution = Convolution(window: Window(kernel: Extent(3)))

    static let refused: [(Op, [Shape])] = {
        let window = Window(kernel: Extent(3))
        var biased = convolution, residual = convolution, prelu = convolution, grouped = convolution
        var clipped = convolution
        clipped.activation = .clip(low: 1, high: 0)
        biased.hasBias = true
        residual.hasResidual = true
        prelu.activation = .prelu
        grouped.groups = 3
        return [
            (.convolution(convolution), [image]),
            (.convolution(convolution), [image, [6, 4, 3, 3], [6]]),
            (.convolution(convolution), [[2, 4], [6, 4, 3, 3]]),
            (.convolution(convolution), [image, [6, 3, 3, 3]]),
            (.convolution(convolution), [image, [6, 4, 5, 3]]),
            (.convolution(convolution), [image, [6, 36]]),
            (.convolution(convolution), [[2, 4, 2, 8], [6, 4, 3, 3]]),
            (.convolution(biased), [image, [6, 4, 3, 3], [5]]),
            (.convolution(residual), [image, [6, 4, 3, 3], [2, 6, 8, 8]]),
            (.convolution(prelu), [image, [6, 4, 3, 3], [4]]),
            (.convolution(grouped), [image, [6, 4, 3, 3]]),
            (.convolution(Convolution(window: window, groups: 0)), [image, [6, 4, 3, 3]]),
            (.fullyConnected(FullyConnected(hasBias: false)), [[2, 5], [3, 4]]),
            (.fullyConnected(FullyConnected(hasBias: false)), [[2, 5, 1, 1], [3, 5]]),
            (.fullyConnected(FullyConnected(hasBias: true)), [[2, 5], [3, 5]]),
            (.fullyConnected(FullyConnected(hasBias: true)), [[2, 5], [3, 5], [5]]),
            (.batchNorm(BatchNorm()), [image, [4], [4], [4]]),
            (.batchNorm(BatchNorm()), [image, [4], [4], [4], [8]]),
            (.batchNormTraining(BatchNorm()), [image, [4], [3]]),
            (.l2Normalise(epsilon: 1e-10), [image]),
            (.activation(.prelu), [image]),
            (.activation(.prelu), [image, [8]]),
            (.activation(.relu), [image, [4]]),
            (.activation(.clip(low: 1, high: 0)), [image]),
            (.activation(.clip(low: .nan, high: 0)), [image]),
            (.activation(.power(exponent: .infinity)), [image]),
            (.activation(.hardSigmoid(alpha: .nan, beta: 0)), [image]),
            (.convolution(clipped), [image, [6, 4, 3, 3]]),
            (.add, [image]),
            (.add, [image, [4, 8, 8]]),
            (.multiply, [image, [2, 3, 8, 8]]),
            (.add, [[1, 4, 8, 8], image]),
            (.dropout(Dropout(rate: 1, seed: 1)), [image, [1]]),
            (.dropout(Dropout(rate: -0.1, seed: 1)), [image, [1]]),
            (.dropout(Dropout(rate: .nan, seed: 1)), [image, [1]]),
            (.dropout(Dropout(rate: 0.5, seed: 1)), [image]),
            (.maxPool(window), [[2, 4]]),
            (.maxPool(Window(kernel: Extent(9))), [image]),
            (.maxPool(Window(kernel: Extent(2), padding: Padding(2))), [image]),
            (.maxPool(Window(kernel: Extent(3), dilation: Extent(.max))), [image]),
            (.slice(axis: 1, start: .max, count: .max), [image]),
            (.averagePool(AveragePool(window: Window(kernel: Extent(2), padding: Padding(2)))), [image]),
            (.globalAveragePool, [[2, 4]]),
            (.reshape([3, -1]), [image]),
            (.reshape([0, 0, 0, 0, 0]), [image]),
            (.reshape([-1, -1]), [image]),
            (.reshape([2, 4, 8, 9]), [image]),
            (.reshape([-2, -256]), [image]),
            (.reshape([.max, .max]), [image]),
            (.transpose([0, 1, 2]), [image]),
            (.transpose([0, 1, 1, 3]), [image]),
            (.transpose([0, 1, 2, 4]), [image]),
            (.concat(axis: 1), []),
            (.concat(axis: 4), [image, image]),
            (.concat(axis: -1), [image, image]),
            (.concat(axis: 1), [image, [2, 4, 8, 7]]),
            (.concat(axis: 1), [image, [2, 4]]),
            (.slice(axis: 1, start: 3, count: 2), [image]),
            (.slice(axis: 1, start: -1, count: 2), [image]),
            (.slice(axis: 1, start: 0, count: 0), [image]),
            (.slice(axis: 4, start: 0, count: 1), [image]),
            (.resizeNearest(Extent(0)), [image]),
            (.resizeLinear(ResizeLinear(size: Extent(0, 3))), [image]),
            (.resizeLinear(ResizeLinear(size: Extent(3, 1 << 15))), [image]),
            (.resizeLinear(ResizeLinear(size: Extent(3))), [[2, 4]]),
            (.softmax(axis: 4), [image]),
            (.softmax(axis: -1), [image]),
            (.divide, [image, [2, 3, 8, 8]]),
            (.pad(Pad(before: [1, 1], after: [1, 1])), [image]),
            (.pad(Pad(before: [0, 0, 0, -1], after: [0, 0, 0, 1])), [image]),
            (.pad(Pad(before: [0, 0, 0, .max], after: [0, 0, 0, 1])), [image]),
            (.pad(Pad(before: [1 << 40, 1 << 40, 0, 0], after: [0, 0, 0, 0])), [image]),
            (.pad(Pad(before: [0, 0, 8, 0], after: [0, 0, 0, 0], mode: .reflect)), [image]),
            (.pad(Pad(before: [1], after: [0], mode: .edge)), [[0]]),
            (.resizeNearest(Extent(2)), [[2, 4]]),
            (.marginSoftmax(MarginSoftmax(margin: .none, scale: 1)), [[2, 5], [3]]),
            (.marginSoftmax(MarginSoftmax(margin: .none, scale: 1)), [image, [2]]),
            (.sumOfSquares, []),
            (.biasGradient, [image]),
            (.sgd(SGD(momentum: 0, weightDecay: 0)), [[4], [8], [1]]),
        ]
    }()

    @Test(arguments: refused) func isRefused(op: Op, inputs: [Shape]) {
        let error = #expect(throws: SemblanceError.self) { try op.outputShapes(for: inputs) }
        #expect(error?.code == .unsupportedOperation)
        // A window says itself what does not fit; everything else names the operation.
        #expect(error.map { $0.message.contains(op.name) || $0.message.contains("window") } == true)
    }
}
