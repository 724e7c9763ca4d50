import SemblanceCore

extension Activation? {
    /// ACTIVATION in the kernels' defines: see common.cl.
    package var code: Int {
        switch self {
        case nil: 0
        case .relu: 1
        case .leakyRelu: 2
        case .prelu: 3
        case .sigmoid: 4
        case .tanh: 5
        case .hardSigmoid: 6
        case .hardSwish: 7
        case .clip: 8
        case .squareRoot: 9
        case .power: 10
        }
    }

    /// The kernels' ACTIVATION_CONSTANTS.
    package var constants: [KernelArgument] {
        let (a, b): (Float, Float) =
            switch self {
            case .leakyRelu(let slope): (slope, 0)
            case .hardSigmoid(let alpha, let beta): (alpha, beta)
            case .clip(let low, let high): (low, high)
            case .power(let exponent): (exponent, 0)
            case nil, .relu, .prelu, .sigmoid, .tanh, .hardSwish, .squareRoot: (0, 0)
            }
        return [.float(a), .float(b)]
    }
}

extension Activation {
    /// x, [slope] -> y.
    func lower(_ inputs: [DeviceTensor], _ y: DeviceTensor, into lowering: inout Lowering) {
        lowering.activate(
            "activation", self, [inputs[0].named("x")] + inputs.dropFirst() + [y.named("y")],
            run: self == .prelu ? y.shape.spatialCount : y.count)
    }

    /// x, dy, [slope] -> dx, [dslope].
    func lowerGradient(
        _ inputs: [DeviceTensor], _ outputs: [DeviceTensor], into lowering: inout Lowering
    ) throws(SemblanceError) {
        let x = inputs[0].named("x"), dy = inputs[1].named("dy"), dx = outputs[0].named("dx")
        guard self == .prelu else {
            return lowering.activate("activationGradient", self, [x, dy, dx], run: x.count)
        }
        let channels = x.shape.channels
        let group = lowering.reductionGroup(for: x.channelCount)
        let parts = lowering.partition(count: x.channelCount, rows: channels, group: group)
        let partial = parts.splits == 1 ? outputs[1] : lowering.scratch([parts.splits, channels])
        lowering.launchGroups(
            "activation", "preluGradient", [x, dy, inputs[2], dx, partial],
            x.channelArguments + [.ulong(x.channelCount), .ulong(parts.chunk)],
            rows: channels, splits: parts.splits, group: group)
        if parts.splits > 1 {
            try lowering.sumSplits(partial, into: outputs[1], for: "activationGradient")
        }
    }
}

extension Lowering {
    fileprivate mutating func activate(
        _ function: String, _ activation: Activation?, _ tensors: [DeviceTensor], run: Int
    ) {
        launchElements(
            "activation", function, defines: ["ACTIVATION": activation.code], tensors,
            tensors[0].channelArguments + activation.constants, run: run)
    }
}
