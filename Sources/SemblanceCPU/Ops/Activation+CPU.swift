import COneDNN
import Foundation
import SemblanceCore

/// One of oneDNN's functions of an element.
struct Elementwise {
    var kind: dnnl_alg_kind_t
    var alpha: Float
    var beta: Float

    init(_ kind: dnnl_alg_kind_t, _ alpha: Float = 0, _ beta: Float = 0) {
        self.kind = kind
        self.alpha = alpha
        self.beta = beta
    }

    func forward(_ layout: MemoryDescriptor, _ lowering: Lowering) throws(SemblanceError)
        -> PrimitiveDescriptor
    {
        var description = dnnl_eltwise_desc_t()
        var layout = layout.raw
        try check("an activation") {
            dnnl_eltwise_forward_desc_init(
                &description, dnnl_forward_training, kind, &layout, alpha, beta)
        }
        return try PrimitiveDescriptor("an activation", description, on: lowering.engine)
    }

    func backward(_ layout: MemoryDescriptor, _ lowering: Lowering) throws(SemblanceError)
        -> PrimitiveDescriptor
    {
        var description = dnnl_eltwise_desc_t()
        var raw = layout.raw
        try check("an activation's gradient") {
            dnnl_eltwise_backward_desc_init(&description, kind, &raw, &raw, alpha, beta)
        }
        return try PrimitiveDescriptor(
            "an activation's gradient", description, on: lowering.engine, hint: forward(layout, lowering))
    }
}

extension Activation {
    /// oneDNN's functions that compute it, one after the other; none for PReLU, which is an operation of its own there.
    var elementwise: [Elementwise] {
        switch self {
        case .relu: [Elementwise(dnnl_eltwise_relu)]
        case .leakyRelu(let slope): [Elementwise(dnnl_eltwise_relu, slope)]
        case .prelu: []
        case .sigmoid: [Elementwise(dnnl_eltwise_logistic)]
        case .tanh: [Elementwise(dnnl_eltwise_tanh)]
        case .hardSigmoid(let alpha, let beta):
            [Elementwise(dnnl_eltwise_linear, alpha, beta), Elementwise(dnnl_eltwise_clip_v2, 0, 1)]
        case .hardSwish: [Elementwise(dnnl_eltwise_hardswish)]
        case .clip(let low, let high): [Elementwise(dnnl_eltwise_clip_v2, low, high)]
        case .squareRoot: [Elementwise(dnnl_eltwise_sqrt)]
        case .power(let exponent): [Elementwise(dnnl_eltwise_pow, 1, exponent)]
        }
    }

    /// The derivative, for those whose gradient is not one of oneDNN's functions; its power's is NaN at 0.
    private var derivative: (@Sendable (Float) -> Float)? {
        switch self {
        case .hardSigmoid(let alpha, let beta):
            { x in
                let line = alpha * x + beta
                return line > 0 && line < 1 ? alpha : 0
            }
        case .power(let exponent): { x in exponent == 0 ? 0 : exponent * pow(x, exponent - 1) }
        default: nil
        }
    }

    func lower(_ step: Step, _ lowering: Lowering) throws(SemblanceError) {
        let x = try lowering.image(step.inputs[0])
        try lowering.defineImage(step.outputs[0], like: x) { (target) throws(SemblanceError) in
            try apply(to: x, slope: step.inputs.dropFirst().first, into: target, lowering)
        }
    }

    /// Appends what computes `y` from `x`; they may be the same place.
    /// - Parameter slope: PReLU's.
    func apply(to x: Located, slope: ValueID?, into y: Located, _ lowering: Lowering) throws(SemblanceError) {
        if let slope { return try Self.prelu(x, slope: slope, into: y, lowering) }
        var source = x
        for function in elementwise {
            lowering.primitive(
                "activation", try function.forward(x.layout, lowering),
                [(DNNL_ARG_SRC, source), (DNNL_ARG_DST, y)])
            source = y
        }
    }

    func lowerGradient(_ step: Step, _ lowering: Lowering) throws(SemblanceError) {
        if let derivative { return try lowerGradient(step, lowering, by: derivative) }
        let x = try lowering.image(step.inputs[0])
        let dy = try lowering.image(step.inputs[1], like: x)
        guard let function = elementwise.first else {
            return try lowerPReLUGradient(step, x: x, dy: dy, lowering)
        }
        let descriptor = try function.backward(x.layout, lowering)
        try lowering.defineImage(step.outputs[0], like: x) { target in
            lowering.primitive(
                "activationGradient", descriptor,
                [(DNNL_ARG_SRC, x), (DNNL_ARG_DIFF_DST, dy), (DNNL_ARG_DIFF_SRC, target)])
        }
    }

    private func lowerGradient(
        _ step: Step, _ lowering: Lowering, by derivative: @escaping @Sendable (Float) -> Float
    ) throws(SemblanceError) {
        let count = lowering.shape(step.inputs[0]).count
        let inputs = [try lowering.plain(step.inputs[0]), try lowering.plain(step.inputs[1])]
        try lowering.definePlain(step.outputs[0]) { target in
            lowering.host("activationGradient", inputs + [target]) { memory, threads in
                parallel(count, block: 1 << 14, threads: threads) { _, range in
                    for index in range {
                        memory[2][index] = memory[1][index] * derivative(memory[0][index])
                    }
                }
            }
        }
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
    private static func prelu(_ x: Located, slope: ValueID, into y: Located, _ lowering: Lowering)
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
