// Left out of what follows are parameters, statistics and their gradients, and everything from the embedding's normalisation to the
// loss: a cosine in half is up to 2^-12 off, which a scale of 64 makes 0.016 in a logit.
extension Op {
    /// Whether kernels can load the input at `position` from half: an activation, or the gradient of one.
    package func takesHalf(input position: Int) -> Bool {
        switch self {
        case .convolution(let convolution): position == 0 || position == convolution.residualIndex
        case .convolutionWeightGradient, .fullyConnectedWeightGradient, .batchNormTrainingGradient,
            .batchNormGradient, .activationGradient, .add, .multiply, .maxPoolGradient:
            position <= 1
        case .convolutionInputGradient, .fullyConnected, .fullyConnectedInputGradient, .biasGradient,
            .batchNorm, .batchNormTraining, .activation, .dropout, .reduceSum, .maxPool, .averagePool,
            .averagePoolGradient, .globalAveragePool, .globalAveragePoolGradient, .reshape, .transpose,
            .slice, .pad:
            position == 0
        case .concat: true
        default: false
        }
    }

    /// Whether kernels can store the output at `position` to half: likewise.
    package func givesHalf(output position: Int) -> Bool {
        guard position == 0 else { return false }
        return switch self {
        case .convolutionWeightGradient, .fullyConnectedWeightGradient, .biasGradient: false
        case .warp: true
        default: takesHalf(input: 0)
        }
    }
}

extension Program {
    /// What each value is stored as under a precision: half for intermediates that every step which touches them takes in half.
    package func elements(_ precision: Precision) -> [Element] {
        guard precision.storesHalf else { return values.map { _ in .float } }
        var elements = values.map { $0.storage == .intermediate ? Element.half : .float }
        for step in steps {
            for (position, input) in step.inputs.enumerated() where !step.op.takesHalf(input: position) {
                elements[input.index] = .float
            }
            for (position, output) in step.outputs.enumerated() where !step.op.givesHalf(output: position) {
                elements[output.index] = .float
            }
        }
        return elements
    }
}
