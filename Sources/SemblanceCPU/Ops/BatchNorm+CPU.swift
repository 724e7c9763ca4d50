import COneDNN
import SemblanceCore

extension BatchNorm {
    private var flags: UInt32 { dnnl_use_scale.rawValue | dnnl_use_shift.rawValue }

    func lower(_ step: Step, _ lowering: Lowering) throws(SemblanceError) {
        if lowering.normalisation(of: step.outputs[0]) != nil {
            // Its readers do it; they read what it would.
            return lowering.extendUse(of: step.inputs[0], toThatOf: step.outputs[0])
        }
        let x = try lowering.image(step.inputs[0])
        let descriptor = try forward(x.layout, dnnl_forward_inference, fixed: true, lowering)
        var arguments = [(DNNL_ARG_SRC, x)]
        for (role, input) in zip(
            [DNNL_ARG_SCALE, DNNL_ARG_SHIFT, DNNL_ARG_MEAN, DNNL_ARG_VARIANCE], step.inputs.dropFirst())
        {
            arguments.append((role, try lowering.plain(input)))
        }
        try lowering.defineImage(step.outputs[0], like: x) { target in
            lowering.primitive("batchNorm", descriptor, arguments + [(DNNL_ARG_DST, target)])
        }
    }

    private func forward(
        _ layout: MemoryDescriptor, _ kind: dnnl_prop_kind_t, fixed: Bool, _ lowering: Lowering
    ) throws(SemblanceError) -> PrimitiveDescriptor {
        var description = dnnl_batch_normalization_desc_t()
        var raw = layout.raw
        let flags = flags | (fixed ? dnnl_use_global_stats.rawValue : 0)
        try check("a batch norm") {
            dnnl_batch_normalization_forward_desc_init(&description, kind, &raw, epsilon, flags)
        }
        return try PrimitiveDescriptor("a batch norm", description, on: lowering.engine)
    }

    func lowerTraining(_ step: Step, _ lowering: Lowering) throws(SemblanceError) {
        let x = try lowering.image(step.inputs[0])
        let shape = lowering.shape(step.inputs[0])
        let channels = shape.channels
        let count = shape.count / max(channels, 1)
        let descriptor = try forward(x.layout, dnnl_forward_training, fixed: false, lowering)
        let variance = lowering.temporary(try MemoryDescriptor([channels]))
        let scale = try lowering.plain(step.inputs[1]), shift = try lowering.plain(step.inputs[2])
        try lowering.definePlain(step.outputs[1]) { (mean) throws(SemblanceError) in
            try lowering.defineImage(step.outputs[0], like: x) { target in
                lowering.primitive(
                    "batchNormTraining", descriptor,
                    [
                        (DNNL_ARG_SRC, x), (DNNL_ARG_SCALE, scale), (DNNL_ARG_SHIFT, shift),
                        (DNNL_ARG_DST, target),
                        (DNNL_ARG_MEAN, mean), (DNNL_ARG_VARIANCE, variance),
                    ])
            }
            let running = [try lowering.updated(step.outputs[3]), try lowering.updated(step.outputs[4])]
            try lowering.definePlain(step.outputs[2]) { deviation in
                let (momentum, epsilon) = (momentum, epsilon)
                // PyTorch keeps the unbiased variance.
                let unbiased = count > 1 ? Float(count) / Float(count - 1) : 1
                lowering.host("batchNormStatistics", [mean, variance, deviation] + running) { memory, _ in
                    for channel in 0..<channels {
                        let value = memory[1][channel]
                        memory[2][channel] = 1 / (value + epsilon).squareRoot()
                        memory[3][channel] += momentum * (memory[0][channel] - memory[3][channel])
                        memory[4][channel] += momentum * (value * unbiased - memory[4][channel])
                    }
                }
            }
        }
    }

    /// The gradients through the batch's statistics, or with constant ones.
    func lowerGradient(_ step: Step, _ lowering: Lowering, usesBatch: Bool) throws(SemblanceError) {
        let channels = lowering.shape(step.inputs[0]).channels
        let x = try lowering.image(step.inputs[0])
        let dy = try lowering.image(step.inputs[1], like: x)
        let scale = try lowering.plain(step.inputs[2]), mean = try lowering.plain(step.inputs[3])
        var variance = try lowering.plain(step.inputs[4])
        if usesBatch {
            // The step hands on 1 / sqrt(variance + epsilon); oneDNN takes the variance.
            let deviation = variance, epsilon = epsilon
            variance = lowering.temporary(try MemoryDescriptor([channels]))
            lowering.host("batchNormVariance", [deviation, variance]) { memory, _ in
                for channel in 0..<channels {
                    memory[1][channel] = max(1 / (memory[0][channel] * memory[0][channel]) - epsilon, 0)
                }
            }
        }
        var description = dnnl_batch_normalization_desc_t()
        var raw = x.layout.raw
        let flags = flags | (usesBatch ? 0 : dnnl_use_global_stats.rawValue)
        try check("a batch norm's gradient") {
            dnnl_batch_normalization_backward_desc_init(
                &description, dnnl_backward, &raw, &raw, epsilon, flags)
        }
        let hint = try forward(x.layout, dnnl_forward_training, fixed: !usesBatch, lowering)
        let descriptor = try PrimitiveDescriptor(
            "a batch norm's gradient", description, on: lowering.engine, hint: hint)
        try lowering.definePlain(step.outputs[1]) { (dscale) throws(SemblanceError) in
            try lowering.definePlain(step.outputs[2]) { (dshift) throws(SemblanceError) in
                try lowering.defineImage(step.outputs[0], like: x) { target in
                    lowering.primitive(
                        "batchNormGradient", descriptor,
                        [
                            // oneDNN 2.6 asks for a shift here and does not read it.
                            (DNNL_ARG_SRC, x), (DNNL_ARG_DIFF_DST, dy), (DNNL_ARG_SCALE, scale),
                            (DNNL_ARG_SHIFT, scale),
                            (DNNL_ARG_MEAN, mean), (DNNL_ARG_VARIANCE, variance), (DNNL_ARG_DIFF_SRC, target),
                            (DNNL_ARG_DIFF_SCALE, dscale), (DNNL_ARG_DIFF_SHIFT, dshift),
                        ])
                }
            }
        }
    }
}

extension Lowering {
    /// Dimensions and layout of a tensor seen as NCHW; a matrix is an image of one pixel with the channels innermost.
    private func imageLayout(_ shape: Shape) throws(SemblanceError) -> MemoryDescriptor {
        switch shape.rank {
        case 2:
            let channels = shape.channels
            return try MemoryDescriptor(
                [shape.batch, channels, 1, 1], strides: [channels, 1, channels, channels])
        case 3: return try MemoryDescriptor(Shape(shape.dimensions + [1]))
        default: return try MemoryDescriptor(shape)
        }
    }

    /// A value seen as an NCHW image, in its own layout or in another's.
    func image(_ value: ValueID, like other: Located? = nil) throws(SemblanceError) -> Located {
        if shape(value).rank == 4 {
            guard let other else { return try source(value) }
            return try source(value, as: other.layout)
        }
        var place = try plain(value)
        place.layout = try imageLayout(shape(value))
        return place
    }

    /// Defines a value in the layout of another that `image` gave.
    func defineImage(
        _ value: ValueID, like other: Located, write: (Located) throws(SemblanceError) -> Void
    ) throws(SemblanceError) {
        if shape(value).rank == 4 { return try define(value, other.layout, write: write) }
        try definePlain(value) { (target) throws(SemblanceError) in
            var image = target
            image.layout = other.layout
            try write(image)
        }
    }
}
