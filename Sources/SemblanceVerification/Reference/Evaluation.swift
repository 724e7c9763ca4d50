import SemblanceCore

extension Op {
    /// Computes the operation by its definition. `outputs` come with their shapes and, where the operation updates in place,
    /// with the contents before it.
    func evaluate(_ inputs: [DoubleTensor], into outputs: inout [DoubleTensor]) {
        switch self {
        case .convolution(let convolution):
            outputs[0] = Reference.convolution(convolution, inputs, shape: outputs[0].shape)
        case .convolutionInputGradient(let convolution):
            outputs[0] = Reference.inputGradient(
                convolution, dy: inputs[0], weight: inputs[1], shape: outputs[0].shape)
        case .convolutionWeightGradient(let convolution):
            outputs[0] = Reference.weightGradient(
                convolution, x: inputs[0], dy: inputs[1], shape: outputs[0].shape)
        case .fullyConnected:
            outputs[0] = Reference.fullyConnected(inputs, shape: outputs[0].shape)
        case .fullyConnectedInputGradient:
            outputs[0] = Reference.fullyConnectedInputGradient(
                dy: inputs[0], weight: inputs[1], shape: outputs[0].shape)
        case .fullyConnectedWeightGradient:
            outputs[0] = Reference.fullyConnectedWeightGradient(
                x: inputs[0], dy: inputs[1], shape: outputs[0].shape)
        case .biasGradient:
            outputs[0] = Reference.biasGradient(inputs[0], shape: outputs[0].shape)

        case .batchNorm(let norm):
            outputs[0] = Reference.batchNorm(norm, inputs)
        case .batchNormTraining(let norm):
            Reference.batchNormTraining(norm, inputs, into: &outputs)
        case .batchNormTrainingGradient:
            Reference.batchNormTrainingGradient(inputs, into: &outputs)
        case .batchNormGradient(let norm):
            Reference.batchNormGradient(norm, inputs, into: &outputs)
        case .l2Normalise(let epsilon):
            outputs[0] = Reference.l2Normalise(inputs[0], epsilon: Double(epsilon))
        case .l2NormaliseGradient(let epsilon):
            outputs[0] = Reference.l2NormaliseGradient(inputs[0], dy: inputs[1], epsilon: Double(epsilon))

        case .softmax(let axis):
            outputs[0] = Reference.softmax(inputs[0], axis: axis)
        case .softmaxGradient(let axis):
            outputs[0] = Reference.softmaxGradient(y: inputs[0], dy: inputs[1], axis: axis)

        case .activation(let activation):
            outputs[0] = Reference.activation(activation, inputs[0], slope: inputs.dropFirst().first)
        case .activationGradient(let activation):
            Reference.activationGradient(activation, inputs, into: &outputs)
        case .add:
            outputs[0] = Reference.broadcast(inputs[0], inputs[1], +)
        case .multiply:
            outputs[0] = Reference.broadcast(inputs[0], inputs[1], *)
        case .divide:
            outputs[0] = Reference.broadcast(inputs[0], inputs[1], /)
        case .reduceSum:
            outputs[0] = Reference.reduceSum(inputs[0], shape: outputs[0].shape)
        case .quantise(let levels):
            outputs[0] = Reference.quantise(levels, inputs[0])
        case .dropout(let dropout):
            outputs[0] = Reference.dropout(dropout, inputs[0], step: inputs[1][0])

        case .maxPool(let window):
            outputs[0] = Reference.maxPool(window, inputs[0], shape: outputs[0].shape)
        case .maxPoolGradient(let window):
            outputs[0] = Reference.maxPoolGradient(window, inputs[0], dy: inputs[1])
        case .averagePool(let pool):
            outputs[0] = Reference.averagePool(pool, inputs[0], shape: outputs[0].shape)
        case .averagePoolGradient(let pool):
            outputs[0] = Reference.averagePoolGradient(pool, dy: inputs[0], shape: outputs[0].shape)
        case .globalAveragePool:
            outputs[0] = Reference.globalAveragePool(inputs[0], shape: outputs[0].shape)
        case .globalAveragePoolGradient:
            outputs[0] = Reference.globalAveragePoolGradient(dy: inputs[0], shape: outputs[0].shape)

        case .reshape:
            outputs[0].values = inputs[0].values
        case .transpose(let permutation):
            outputs[0] = Reference.transpose(inputs[0], permutation, shape: outputs[0].shape)
        case .concat(let axis):
            outputs[0] = Reference.concat(inputs, axis: axis, shape: outputs[0].shape)
        case .slice(let axis, let start, _):
            outputs[0] = Reference.slice(inputs[0], axis: axis, start: start, shape: outputs[0].shape)
        case .pad(let pad):
            outputs[0] = Reference.pad(pad, inputs[0], shape: outputs[0].shape)
        case .resizeLinear(let resize):
            outputs[0] = Reference.resizeLinear(resize, inputs[0], shape: outputs[0].shape)
        case .resizeLinearGradient(let resize):
            outputs[0] = Reference.resizeLinearGradient(resize, dy: inputs[0], shape: outputs[0].shape)
        case .resizeNearest(let scale):
            outputs[0] = Reference.resizeNearest(scale, inputs[0], shape: outputs[0].shape)
        case .resizeNearestGradient(let scale):
            outputs[0] = Reference.resizeNearestGradient(scale, dy: inputs[0], shape: outputs[0].shape)

        case .warp(let format):
            outputs[0] = Reference.warp(format, inputs[0], views: inputs[1], shape: outputs[0].shape)

        case .topScores(let count):
            Reference.topScores(inputs, count: count, into: &outputs)
        case .marginSoftmax(let loss):
            Reference.marginSoftmax(loss, inputs, into: &outputs)
        case .marginSoftmaxGradient(let loss):
            outputs[0] = Reference.marginSoftmaxGradient(loss, inputs)

        case .sumOfSquares:
            outputs[0][0] = inputs[0].values.reduce(0) { $0 + $1 * $1 }
        case .sgd(let sgd):
            Reference.sgd(sgd, inputs, into: &outputs)
        case .adamW(let adamW):
            Reference.adamW(adamW, inputs, into: &outputs)
        }
    }
}

/// The definitions, grouped by file.
enum Reference {}
