import SemblanceCore

/// What our kernels do to a convolution's sums before they store them: act(sum + bias + residual).
struct ConvolutionEpilogue {
    /// By output.
    var bias: Located?
    /// By output: what is below 0 is multiplied by it.
    var slope: Located?
    /// In the result's layout.
    var residual: Located?
    /// What no slope expresses, for a pass of its own.
    var activation: Activation?

    /// The memory of bias, slope and residual, nil for what there is none of.
    typealias Pointers = (
        bias: UnsafePointer<Float>?, slope: UnsafePointer<Float>?, residual: UnsafePointer<Float>?
    )

    var places: [Located] { [bias, slope, residual].compactMap { $0 } }

    func resolved(_ resolve: Resolver) -> Pointers {
        func pointer(_ place: Located?) -> UnsafePointer<Float>? { place.map { UnsafePointer(resolve($0)) } }
        return (pointer(bias), pointer(slope), pointer(residual))
    }
}

extension Convolution {
    /// - Parameter layout: of the result.
    func epilogue(_ step: Step, _ layout: MemoryDescriptor, _ lowering: Lowering) throws(SemblanceError)
        -> ConvolutionEpilogue
    {
        var epilogue = ConvolutionEpilogue()
        if let bias = biasIndex { epilogue.bias = try lowering.plain(step.inputs[bias]) }
        if let residual = residualIndex {
            epilogue.residual = try lowering.source(step.inputs[residual], as: layout)
        }
        let channels = lowering.shape(step.outputs[0]).channels
        switch activation {
        case .prelu: if let slope = slopeIndex { epilogue.slope = try lowering.plain(step.inputs[slope]) }
        case .relu: epilogue.slope = try lowering.constants([0], count: channels)
        case .leakyRelu(let slope): epilogue.slope = try lowering.constants([slope], count: channels)
        default: epilogue.activation = activation
        }
        return epilogue
    }
}
