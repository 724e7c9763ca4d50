import SemblanceCore

extension Op {
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
        default:
            throw SemblanceError(.unsupportedOperation, "OpenCL has no kernel for \(name)")
        }
    }
}
