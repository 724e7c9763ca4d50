import COneDNN
import CVectorKernels
import SemblanceCore

extension BatchNorm {
    func lower(_ step: Step, _ lowering: Lowering) throws(SemblanceError) {
        if lowering.normalisation(of: step.outputs[0]) != nil {
            // Its readers do it; they read what it would.
            return lowering.extendUse(of: step.inputs[0], toThatOf: step.outputs[0])
        }
        let x = try lowering.image(step.inputs[0])
        var description = dnnl_batch_normalization_desc_t()
        var raw = x.layout.raw
        let flags = dnnl_use_scale.rawValue | dnnl_use_shift.rawValue | dnnl_use_global_stats.rawValue
        try check("a batch norm") {
            dnnl_batch_normalization_forward_desc_init(
                &description, dnnl_forward_inference, &raw, epsilon, flags)
        }
        let descriptor = try PrimitiveDescriptor("a batch norm", description, on: lowering.engine)
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

    /// With the batch's statistics, which are handed on.
    func lowerTraining(_ step: Step, _ lowering: Lowering) throws(SemblanceError) {
        let (x, strips) = try lowering.strips(step.inputs[0])
        let scale = try lowering.plain(step.inputs[1]), shift = try lowering.plain(step.inputs[2])
        let running = (try lowering.updated(step.outputs[3]), try lowering.updated(step.outputs[4]))
        try lowering.definePlain(step.outputs[1]) { (mean) throws(SemblanceError) in
            try lowering.definePlain(step.outputs[2]) { (deviation) throws(SemblanceError) in
                try lowering.defineImage(step.outputs[0], like: x) { y in
                    let places = [x, scale, shift, mean, deviation, running.0, running.1, y]
                    lowering.strips("batchNormTraining", strips, places) { memory, work, threads in
                        normalise(strips, memory, work, threads)
                    }
                }
            }
        }
    }

    /// - Parameters:
    ///   - memory: x, scale, shift, mean, deviation, running mean and variance, y.
    ///   - work: two arrays by strip and channel, two by channel.
    private func normalise(
        _ strips: ChannelStrips, _ memory: [UnsafeMutablePointer<Float>], _ work: UnsafeMutablePointer<Float>,
        _ threads: Int
    ) {
        let (channels, outer, count) = (strips.channels, strips.outer, strips.count)
        let means = work, squares = means + outer * channels, factors = squares + outer * channels
        withUnsafePointer(to: strips.strip) { strip in
            strips.twice(arrays: 1, threads: threads) { start, _, place in
                semblance_strip_moments(memory[0] + start, strip, means + place, squares + place)
            } between: {
                for channel in $0 {
                    // As Chan, Golub and LeVeque (1979) join the moments of parts of the same size.
                    let places = stride(from: channel, to: outer * channels, by: channels)
                    let mean = places.reduce(0) { $0 + Double(means[$1]) } / Double(max(outer, 1))
                    let sum = places.reduce(0.0) {
                        let difference = Double(means[$1]) - mean
                        return $0 + Double(squares[$1]) + Double(strips.strip.pixels) * difference
                            * difference
                    }
                    let variance = Float(sum / Double(max(count, 1)))
                    // PyTorch keeps the unbiased variance.
                    let unbiased = count > 1 ? Float(sum / Double(count - 1)) : variance
                    memory[3][channel] = Float(mean)
                    memory[4][channel] = 1 / (variance + epsilon).squareRoot()
                    memory[5][channel] += momentum * (Float(mean) - memory[5][channel])
                    memory[6][channel] += momentum * (unbiased - memory[6][channel])
                    factors[channel] = memory[1][channel] * memory[4][channel]
                }
            } second: { start, channel, _ in
                semblance_strip_affine(
                    memory[0] + start, strip, memory[3] + channel, factors + channel, memory[2] + channel,
                    memory[7] + start)
            }
        }
    }

    /// The gradients through the batch's statistics, or with constant ones.
    func lowerGradient(_ step: Step, _ lowering: Lowering, usesBatch: Bool) throws(SemblanceError) {
        let (x, strips) = try lowering.strips(step.inputs[0])
        let dy = try lowering.image(step.inputs[1], like: x)
        let parameters = try step.inputs[2...4].map { (input) throws(SemblanceError) in
            try lowering.plain(input)
        }
        try lowering.definePlain(step.outputs[1]) { (dscale) throws(SemblanceError) in
            try lowering.definePlain(step.outputs[2]) { (dshift) throws(SemblanceError) in
                try lowering.defineImage(step.outputs[0], like: x) { dx in
                    let places = [x, dy] + parameters + [dscale, dshift, dx]
                    lowering.strips("batchNormGradient", strips, places) { memory, work, threads in
                        differentiate(strips, usesBatch: usesBatch, memory, work, threads)
                    }
                }
            }
        }
    }

    /// - Parameters:
    ///   - memory: x, dy, scale, mean, deviation of the batch or constant variance, dscale, dshift, dx.
    ///   - work: two arrays by strip and channel, three by channel.
    private func differentiate(
        _ strips: ChannelStrips, usesBatch: Bool, _ memory: [UnsafeMutablePointer<Float>],
        _ work: UnsafeMutablePointer<Float>, _ threads: Int
    ) {
        let (channels, outer, count) = (strips.channels, strips.outer, strips.count)
        let sums = work, products = sums + outer * channels
        let factors = products + outer * channels, ofX = factors + channels, means = ofX + channels
        withUnsafePointer(to: strips.strip) { strip in
            strips.twice(arrays: 2, threads: threads) { start, channel, place in
                semblance_strip_gradient_sums(
                    memory[0] + start, memory[1] + start, strip, memory[3] + channel, sums + place,
                    products + place)
            } between: {
                for channel in $0 {
                    let places = stride(from: channel, to: outer * channels, by: channels)
                    let sum = Float(places.reduce(0) { $0 + Double(sums[$1]) })
                    let product = Float(places.reduce(0) { $0 + Double(products[$1]) })
                    let given = memory[4][channel]
                    let deviation = usesBatch ? given : 1 / (given + epsilon).squareRoot()
                    memory[5][channel] = product * deviation
                    memory[6][channel] = sum
                    factors[channel] = memory[2][channel] * deviation
                    ofX[channel] = -deviation * deviation * product / Float(max(count, 1))
                    means[channel] = usesBatch ? sum / Float(max(count, 1)) : 0
                }
            } second: { start, channel, _ in
                if usesBatch {
                    semblance_strip_combination(
                        memory[0] + start, memory[1] + start, strip, memory[3] + channel, factors + channel,
                        means + channel, ofX + channel, memory[7] + start)
                } else {
                    // dx = factor dy, as these means are 0.
                    semblance_strip_affine(
                        memory[1] + start, strip, means + channel, factors + channel, means + channel,
                        memory[7] + start)
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
