import COneDNN
import SemblanceCore

extension Activation {
    /// oneDNN's name for it and its parameter; nil for PReLU, which is an operation of its own there.
    var elementwise: (kind: dnnl_alg_kind_t, alpha: Float)? {
        switch self {
        case .relu: (dnnl_eltwise_relu, 0)
        case .leakyRelu(let slope): (dnnl_eltwise_relu, slope)
        case .sigmoid: (dnnl_eltwise_logistic, 0)
        case .prelu: nil
        }
    }

    func lower(_ step: Step, _ lowering: Lowering) throws(SemblanceError) {
        let x = try lowering.image(step.inputs[0])
        guard let (kind, alpha) = elementwise else {
            return try lowering.defineImage(step.outputs[0], like: x) { (target) throws(SemblanceError) in
                try Self.prelu(x, slope: step.inputs[1], into: target, lowering)
            }
        }
        let descriptor = try Self.forward(kind, alpha, x.layout, lowering)
        try lowering.defineImage(step.outputs[0], like: x) { target in
            lowering.primitive("activation", descriptor, [(DNNL_ARG_SRC, x), (DNNL_ARG_DST, target)])
        }
    }

    func lowerGradient(_ step: Step, _ lowering: Lowering) throws(SemblanceError) {
        let x = try lowering.image(step.inputs[0])
        let dy = try lowering.image(step.inputs[1], like: x)
        guard let (kind, alpha) = elementwise else {
            return try lowerPReLUGradient(step, x: x, dy: dy, lowering)
        }
        var description = dnnl_eltwise_desc_t()
        var layout = x.layout.raw
        try check("an activation's gradient") {
            dnnl_eltwise_backward_desc_init(&description, kind, &layout, &layout, alpha, 0)
        }
        let descriptor = try PrimitiveDescriptor(
            "an activation's gradient", description, on: lowering.engine,
            hint: Self.forward(kind, alpha, x.layout, lowering))
        try lowering.defineImage(step.outputs[0], like: x) { target in
            lowering.primitive(
                "activationGradient", descriptor,
                [(DNNL_ARG_SRC, x), (DNNL_ARG_DIFF_DST, dy), (DNNL_ARG_DIFF_SRC, target)])
        }
    }

    private static func forward(
        _ kind: dnnl_alg_kind_t, _ alpha: Float, _ layout: MemoryDescriptor, _ lowering: Lowering
    ) throws(SemblanceError) -> PrimitiveDescriptor {
        var description = dnnl_eltwise_desc_t()
        var layout = layout.raw
        try check("an activation") {
            dnnl_eltwise_forward_desc_init(&description, dnnl_forward_training, kind, &layout, alpha, 0)
        }
        return try PrimitiveDescriptor("an activation", description, on: lowering.engine)
    }

    // MARK: PReLU

    private static func preluForward(_ layout: MemoryDescriptor, channels: Int, _ lowering: Lowering)
        throws(SemblanceError) -> PrimitiveDescriptor
    {
        var description = dnnl_prelu_desc_t()
        var layout = layout.raw
        var slopes = try MemoryDescriptor.any([1, channels, 1, 1]).raw
        try check("a PReLU") {
            dnnl_prelu_forward_desc_init(&description, dnnl_forward_training, &layout, &slopes)
        }
        return try PrimitiveDescriptor("a PReLU", description, on: lowering.engine)
    }

    /// y = max(x, 0) + slope min(x, 0); `x` and `y` may be the same place.
    static func prelu(_ x: Located, slope: ValueID, into y: Located, _ lowering: Lowering)
        throws(SemblanceError)
    {
        let channels = lowering.shape(slope).count
        let descriptor = try preluForward(x.layout, channels: channels, lowering)
        let slopes = try lowering.source(
            slope, as: descriptor.layout(DNNL_ARG_WEIGHTS), counted: [1, channels, 1, 1])
        lowering.primitive(
            "prelu", descriptor, [(DNNL_ARG_SRC, x), (DNNL_ARG_WEIGHTS, slopes), (DNNL_ARG_DST, y)])
    }

    private func lowerPReLUGradient(_ step: Step, x: Located, dy: Located, _ lowering: Lowering)
        throws(SemblanceError)
    {
        let channels = lowering.shape(step.inputs[2]).count
        let slopeShape: Shape = [1, channels, 1, 1]
        var description = dnnl_prelu_desc_t()
        var layout = x.layout.raw
        var slopes = try MemoryDescriptor.any(slopeShape).raw
        try check("a PReLU's gradient") {
            dnnl_prelu_backward_desc_init(&description, &layout, &slopes, &layout, &slopes)
        }
        let descriptor = try PrimitiveDescriptor(
            "a PReLU's gradient", description, on: lowering.engine,
            hint: Self.preluForward(x.layout, channels: channels, lowering))
        let slope = try lowering.source(
            step.inputs[2], as: descriptor.layout(DNNL_ARG_WEIGHTS), counted: slopeShape)
        let slopeLayout = try descriptor.layout(DNNL_ARG_DIFF_WEIGHTS)
        try lowering.definePlain(step.outputs[1]) { (dslope) throws(SemblanceError) in
            var row = dslope
            row.layout = try MemoryDescriptor(slopeShape)
            let place = row.layout == slopeLayout ? row : lowering.temporary(slopeLayout)
            try lowering.defineImage(step.outputs[0], like: x) { target in
                lowering.primitive(
                    "preluGradient", descriptor,
                    [
                        (DNNL_ARG_SRC, x), (DNNL_ARG_WEIGHTS, slope), (DNNL_ARG_DIFF_DST, dy),
                        (DNNL_ARG_DIFF_SRC, target), (DNNL_ARG_DIFF_WEIGHTS, place),
                    ])
            }
            if row.layout != slopeLayout { try lowering.reorder(place, to: row) }
        }
    }
}
