import SemblanceCore

/// The shapes that the convolution operations are tested on.
private struct ConvolutionShape {
    var x: Shape
    var filters: Int
    var window: Window
    var groups = 1

    init(
        _ x: Shape, _ filters: Int, _ kernel: Extent, stride: Extent = Extent(1),
        padding: Padding = Padding(0), dilation: Extent = Extent(1), groups: Int = 1
    ) {
        self.x = x
        self.filters = filters
        window = Window(kernel: kernel, stride: stride, padding: padding, dilation: dilation)
        self.groups = groups
    }

    var weight: Shape { [filters, x.channels / groups, window.kernel.height, window.kernel.width] }
    var y: Shape {
        let rows = x.height + window.padding.top + window.padding.bottom - window.reach.height
        let columns = x.width + window.padding.left + window.padding.right - window.reach.width
        return [x.batch, filters, rows / window.stride.height + 1, columns / window.stride.width + 1]
    }
    var reduction: Int { weight.count / filters }
    var detail: String {
        let p = window.padding
        var text = "\(x) -> \(filters), \(window.kernel)"
        if window.stride != Extent(1) { text += " stride \(window.stride)" }
        if p != Padding(0) { text += " padding \(p.top),\(p.left),\(p.bottom),\(p.right)" }
        if window.dilation != Extent(1) { text += " dilation \(window.dilation)" }
        if groups > 1 { text += " groups \(groups)" }
        return text
    }

    static let plain: [ConvolutionShape] = [
        // Tiny.
        .init([1, 1, 1, 1], 1, Extent(1)),
        .init([1, 1, 1, 1], 1, Extent(3), padding: Padding(1)),
        .init([1, 1, 3, 3], 1, Extent(3)),
        .init([2, 1, 1, 7], 3, Extent(1, 3), padding: Padding(top: 0, left: 1, bottom: 0, right: 1)),
        .init([1, 2, 9, 1], 2, Extent(3, 1)),
        .init([3, 2, 2, 2], 5, Extent(2)),
        // 1x1.
        .init([1, 3, 5, 7], 4, Extent(1)),
        .init([2, 17, 6, 5], 19, Extent(1)),
        .init([3, 8, 7, 7], 16, Extent(1), stride: Extent(2)),
        .init([1, 64, 14, 14], 128, Extent(1)),
        .init([2, 33, 9, 9], 65, Extent(1), stride: Extent(2)),
        // 3x3 and others.
        .init([1, 3, 8, 8], 8, Extent(3), padding: Padding(1)),
        .init([2, 3, 11, 13], 7, Extent(3), padding: Padding(1)),
        .init([2, 4, 9, 11], 6, Extent(3), stride: Extent(2), padding: Padding(1)),
        .init([1, 5, 10, 10], 3, Extent(3), stride: Extent(2)),
        .init([3, 3, 7, 9], 5, Extent(3, 5), stride: Extent(2, 1), padding: Padding(1)),
        .init([1, 4, 8, 9], 4, Extent(3), padding: Padding(top: 0, left: 1, bottom: 2, right: 1)),
        .init(
            [2, 3, 6, 6], 4, Extent(3), stride: Extent(2),
            padding: Padding(top: 0, left: 0, bottom: 1, right: 1)),
        .init([1, 2, 5, 5], 3, Extent(5), padding: Padding(4)),
        .init([2, 3, 9, 9], 4, Extent(5), padding: Padding(2)),
        .init([1, 3, 15, 15], 8, Extent(7), stride: Extent(2), padding: Padding(3)),
        .init([1, 3, 9, 8], 4, Extent(2), stride: Extent(3)),
        .init([2, 3, 8, 8], 2, Extent(2, 4), stride: Extent(1, 3), padding: Padding(1)),
        // The last rows and columns are under no window.
        .init([1, 2, 8, 8], 3, Extent(3), stride: Extent(3)),
        // A stride larger than the kernel: pixels between windows.
        .init([2, 3, 10, 11], 4, Extent(2), stride: Extent(4)),
        // Dilation.
        .init([1, 3, 9, 9], 4, Extent(3), padding: Padding(2), dilation: Extent(2)),
        .init([2, 2, 11, 12], 3, Extent(3), stride: Extent(2), padding: Padding(3), dilation: Extent(3)),
        .init([1, 4, 8, 10], 4, Extent(3, 2), dilation: Extent(2, 3), groups: 2),
        // Groups.
        .init([2, 4, 7, 7], 6, Extent(3), padding: Padding(1), groups: 2),
        .init([1, 6, 5, 5], 9, Extent(1), groups: 3),
        .init([2, 12, 6, 7], 8, Extent(3), stride: Extent(2), padding: Padding(1), groups: 4),
        // Depthwise, and with a multiplier.
        .init([1, 1, 5, 5], 1, Extent(3), padding: Padding(1)),
        .init([2, 5, 7, 9], 5, Extent(3), padding: Padding(1), groups: 5),
        .init([1, 16, 14, 14], 16, Extent(3), stride: Extent(2), padding: Padding(1), groups: 16),
        .init([3, 7, 9, 9], 7, Extent(3), stride: Extent(2), padding: Padding(1), groups: 7),
        .init([1, 8, 7, 7], 8, Extent(7), groups: 8),
        .init([2, 6, 5, 4], 6, Extent(5, 4), groups: 6),
        .init([2, 3, 6, 6], 6, Extent(3), padding: Padding(1), groups: 3),
        .init([1, 32, 28, 28], 32, Extent(3), padding: Padding(1), groups: 32),
        .init([1, 6, 10, 10], 6, Extent(3), padding: Padding(2), dilation: Extent(2), groups: 6),
        // 3x3 stride 1 with many channels: Winograd's.
        .init([1, 64, 7, 7], 64, Extent(3), padding: Padding(1)),
        .init([2, 64, 14, 14], 64, Extent(3), padding: Padding(1)),
        .init([1, 64, 15, 13], 96, Extent(3), padding: Padding(1)),
        .init([3, 65, 9, 10], 67, Extent(3), padding: Padding(1)),
        .init([1, 64, 8, 8], 64, Extent(3)),
        .init([1, 128, 14, 14], 128, Extent(3), padding: Padding(1)),
        .init([5, 64, 28, 28], 64, Extent(3), padding: Padding(1)),
        .init([5, 32, 13, 5], 96, Extent(3), padding: Padding(top: 1, left: 0, bottom: 0, right: 0)),
        .init([4, 64, 12, 15], 64, Extent(3), padding: Padding(top: 0, left: 0, bottom: 1, right: 1)),
        // Weight gradients whose sums run over many images of few positions, over few of many, and through tiles with a rest in each group.
        .init([18, 4, 3, 2], 5, Extent(1)),
        .init([1, 1, 20, 21], 1, Extent(3), padding: Padding(1)),
        .init([21, 3, 5, 5], 4, Extent(3)),
        .init([5, 3, 40, 37], 6, Extent(3), padding: Padding(1)),
        .init([7, 10, 5, 6], 134, Extent(3), padding: Padding(1), groups: 2),
        // Large otherwise.
        .init([1, 3, 112, 112], 64, Extent(3), padding: Padding(1)),
        .init([3, 64, 28, 28], 128, Extent(3), stride: Extent(2), padding: Padding(1)),
        .init([1, 256, 14, 14], 256, Extent(1)),
    ]

    /// Data for a sum of products: of one sign where the few sums might all cancel.
    func fill(_ sums: Int) -> Fill { sums < 8 ? .uniform(0.1...1) : .normal }
}

extension OpCase {
    static let convolutions: [OpCase] =
        ConvolutionShape.plain.map { convolution($0) }
        + epilogues(
            of: ConvolutionShape([2, 3, 7, 9], 5, Extent(3), padding: Padding(1)))
        + epilogues(of: ConvolutionShape([3, 8, 6, 6], 16, Extent(1)))
        // Windows that see nothing but padding.
        + epilogues(of: ConvolutionShape([2, 50, 7, 6], 34, Extent(2), padding: Padding(2)))
        + epilogues(
            of: ConvolutionShape(
                [1, 6, 9, 8], 6, Extent(3), stride: Extent(2), padding: Padding(1), groups: 6))
        + epilogues(of: ConvolutionShape([1, 64, 10, 9], 64, Extent(3), padding: Padding(1)))
        + epilogues(
            of: ConvolutionShape(
                [1, 4, 6, 5], 6, Extent(3), stride: Extent(2), padding: Padding(1), groups: 2))

    private static func epilogues(of shape: ConvolutionShape) -> [OpCase] {
        var cases: [OpCase] = []
        let activations: [Activation?] = [
            nil, .relu, .leakyRelu(slope: 0.1), .prelu, .sigmoid, .tanh, .hardSwish, .clip(low: 0, high: 6),
            .hardSigmoid(alpha: 0.2, beta: 0.5), .squareRoot, .power(exponent: 1.5),
        ]
        for bias in [false, true] {
            for residual in [false, true] {
                for activation in activations where bias || residual || activation != nil {
                    cases.append(
                        convolution(shape, bias: bias, residual: residual, activation: activation))
                }
            }
        }
        return cases
    }

    private static func convolution(
        _ shape: ConvolutionShape, bias: Bool = false, residual: Bool = false, activation: Activation? = nil
    ) -> OpCase {
        let op = Convolution(
            window: shape.window, groups: shape.groups, hasBias: bias, hasResidual: residual,
            activation: activation)
        var fill = shape.fill(shape.y.count), weight = fill, other = Fill.normal
        switch activation {
        case .sigmoid, .tanh, .hardSigmoid, .clip:
            // They flatten large sums and hide their size, which the tolerance goes by: keep them near 1.
            let bound = (3 / Float(shape.reduction)).squareRoot()
            weight = .uniform(-bound...bound)
        case .squareRoot, .power:
            fill = .uniform(0.1...1)
            (weight, other) = (fill, fill)
        default: break
        }
        var inputs: [Input] = [.init(shape.x, fill), .init(shape.weight, weight)]
        var detail = shape.detail
        if bias {
            inputs.append(.init([shape.filters], other))
            detail += " + bias"
        }
        if residual {
            inputs.append(.init(shape.y, other))
            detail += " + residual"
        }
        if let activation {
            if activation == .prelu { inputs.append(.init([shape.filters], .uniform(0.05...0.5))) }
            detail += ", \(activation)"
        }
        var result = OpCase(
            .convolution(op), detail, inputs,
            [.init(shape.y, reduction: shape.reduction + (activation?.reduction ?? 0))])
        result.parameters = 1..<(bias ? 3 : 2)
        return result
    }

    static let convolutionGradients: [OpCase] = ConvolutionShape.plain.flatMap { shape in
        let op = Convolution(window: shape.window, groups: shape.groups)
        let forX = shape.fill(shape.x.count), forWeight = shape.fill(shape.weight.count)
        let taps = shape.filters / shape.groups * shape.window.kernel.count
        var input = OpCase(
            .convolutionInputGradient(op), shape.detail, [.init(shape.y, forX), .init(shape.weight, forX)],
            [.init(shape.x, reduction: taps)])
        input.parameters = 1..<2
        let weight = OpCase(
            .convolutionWeightGradient(op), shape.detail,
            [.init(shape.x, forWeight), .init(shape.y, forWeight)],
            [.init(shape.weight, reduction: shape.x.batch * shape.y.spatialCount)])
        return [input, weight]
    }
}
