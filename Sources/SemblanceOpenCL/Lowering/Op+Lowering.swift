import SemblanceCore

extension Op {
    /// The kernels that the operation would launch on a device, without memory behind them; in half, with all operands in half that may be.
    /// - Throws: `unsupportedOperation` for what this backend lacks.
    package func launches(inputs: [Shape], outputs: [Shape], on traits: DeviceTraits) throws(SemblanceError)
        -> [KernelLaunch]
    {
        try lowered(inputs: inputs, outputs: outputs, on: traits).commands.compactMap {
            if case .launch(let launch) = $0 { launch } else { nil }
        }
    }

    /// The commands without memory behind them, of an operation in the middle of a program.
    /// - Throws: `unsupportedOperation` for what this backend lacks.
    func lowered(inputs: [Shape], outputs: [Shape], on traits: DeviceTraits) throws(SemblanceError)
        -> Lowering
    {
        var lowering = Lowering(traits: traits, scratchBuffer: 0)
        var buffer = 0
        func tensors(_ shapes: [Shape], _ mayBeHalf: (Int) -> Bool) -> [DeviceTensor] {
            shapes.enumerated().map { position, shape in
                buffer += 1
                let isHalf = traits.precision.storesHalf && mayBeHalf(position)
                return DeviceTensor(buffer: buffer, offset: 0, shape: shape, element: isHalf ? .half : .float)
            }
        }
        let operands = tensors(inputs) { takesHalf(input: $0) }
        try lower(
            inputs: operands, outputs: tensors(outputs) { givesHalf(output: $0) }, into: &lowering)
        return lowering
    }

    /// Appends the commands that compute the operation. Each operation's own lowering stands in Ops/NAME+OpenCL.swift.
    /// - Throws: `unsupportedOperation` for what this backend lacks.
    package func lower(
        inputs: [DeviceTensor], outputs: [DeviceTensor], into lowering: inout Lowering
    ) throws(SemblanceError) {
        switch self {
        case .convolution(let convolution):
            convolution.lower(inputs: inputs, outputs: outputs, into: &lowering)
        case .convolutionInputGradient(let convolution):
            convolution.lowerInputGradient(inputs: inputs, outputs: outputs, into: &lowering)
        case .convolutionWeightGradient(let convolution):
            convolution.lowerWeightGradient(inputs: inputs, outputs: outputs, into: &lowering)
        case .fullyConnected(let layer):
            layer.lower(inputs: inputs, outputs: outputs, into: &lowering)
        case .fullyConnectedInputGradient:
            FullyConnected.lowerInputGradient(inputs: inputs, outputs: outputs, into: &lowering)
        case .fullyConnectedWeightGradient:
            FullyConnected.lowerWeightGradient(inputs: inputs, outputs: outputs, into: &lowering)
        case .reshape:
            lowering.reshape(inputs: inputs, outputs: outputs)
        case .biasGradient: try lowering.biasGradient(inputs[0], outputs[0])
        case .batchNorm(let norm): norm.lower(inputs, outputs[0], into: &lowering)
        case .batchNormTraining(let norm): norm.lowerTraining(inputs, outputs, into: &lowering)
        case .batchNormTrainingGradient(let norm):
            try norm.lowerGradient(inputs, outputs, frozen: false, into: &lowering)
        case .batchNormGradient(let norm):
            try norm.lowerGradient(inputs, outputs, frozen: true, into: &lowering)
        case .l2Normalise(let epsilon):
            lowering.normaliseRows("l2Normalise", inputs, outputs[0], epsilon: epsilon)
        case .l2NormaliseGradient(let epsilon):
            lowering.normaliseRows("l2NormaliseGradient", inputs, outputs[0], epsilon: epsilon)
        case .softmax(let axis): lowering.softmax("softmax", axis: axis, inputs, outputs[0])
        case .softmaxGradient(let axis): lowering.softmax("softmaxGradient", axis: axis, inputs, outputs[0])
        case .activation(let activation): activation.lower(inputs, outputs[0], into: &lowering)
        case .activationGradient(let activation):
            try activation.lowerGradient(inputs, outputs, into: &lowering)
        case .add, .multiply, .divide: try lowering.combine(name, inputs[0], inputs[1], outputs[0])
        case .reduceSum: try lowering.reduceSum(inputs[0], outputs[0])
        case .quantise(let levels): levels.lower(inputs[0], outputs[0], into: &lowering)
        case .dropout(let dropout): dropout.lower(inputs[0], inputs[1], outputs[0], into: &lowering)
        case .maxPool(let window): window.lowerMaxPool(inputs[0], outputs[0], into: &lowering)
        case .maxPoolGradient(let window):
            window.lowerMaxPoolGradient(inputs[0], inputs[1], outputs[0], into: &lowering)
        case .averagePool(let pool): pool.lower(inputs[0], outputs[0], into: &lowering)
        case .averagePoolGradient(let pool): pool.lowerGradient(inputs[0], outputs[0], into: &lowering)
        case .globalAveragePool: try lowering.globalAveragePool(inputs[0], outputs[0])
        case .globalAveragePoolGradient: lowering.globalAveragePoolGradient(inputs[0], outputs[0])
        case .transpose(let permutation): try lowering.transpose(permutation, inputs[0], outputs[0])
        case .concat(let axis): lowering.concat(axis: axis, inputs, outputs[0])
        case .slice(let axis, let start, _): lowering.slice(axis: axis, start: start, inputs[0], outputs[0])
        case .pad(let pad): pad.lower(inputs[0], outputs[0], into: &lowering)
        case .resizeLinear(let resize):
            resize.lower("resizeLinear", inputs[0], outputs[0], x: inputs[0], into: &lowering)
        case .resizeLinearGradient(let resize):
            resize.lower("resizeLinearGradient", inputs[0], outputs[0], x: outputs[0], into: &lowering)
        case .resizeNearest(let scale):
            lowering.resizeNearest("resizeNearest", scale, inputs[0], outputs[0])
        case .resizeNearestGradient(let scale):
            lowering.resizeNearest("resizeNearestGradient", scale, inputs[0], outputs[0])
        case .warp(let format): format.lowerWarp(inputs[0], inputs[1], outputs[0], into: &lowering)
        case .topScores(let count): lowering.topScores(inputs, outputs, count: count)
        case .marginSoftmax(let loss): loss.lower(inputs, outputs, into: &lowering)
        case .marginSoftmaxGradient(let loss): loss.lowerGradient(inputs, outputs[0], into: &lowering)
        case .sumOfSquares: try lowering.sumOfSquares(inputs[0], outputs[0])
        case .sgd(let optimiser): optimiser.lower(inputs, outputs, into: &lowering)
        case .adamW(let optimiser): optimiser.lower(inputs, outputs, into: &lowering)
        }
    }
}
