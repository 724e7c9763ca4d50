import COneDNN
import SemblanceCore

/// Where no kernel of ours serves. oneDNN's direct sums alone: its Winograd (2.6.3) gives wrong input gradients where the padding above and below
/// differ, and was nowhere faster than ours.
extension Convolution {
    /// OIHW or, with groups, GOIHW: oneDNN tells them apart by the rank.
    private func weightShape(_ shape: Shape) -> Shape {
        groups == 1 ? shape : [groups, shape[0] / groups, shape[1], shape[2], shape[3]]
    }

    /// - Parameter layout: of an image.
    /// - Returns: the descriptor, and whether it applies the activation.
    private func forwardDescriptor(
        _ x: Shape, _ weight: Shape, _ y: Shape, hasSum: Bool = false,
        layout: (Shape) throws(SemblanceError) -> MemoryDescriptor = MemoryDescriptor.any,
        _ lowering: Lowering
    ) throws(SemblanceError) -> (primitive: PrimitiveDescriptor, isFused: Bool) {
        var source = try layout(x).raw, weights = try MemoryDescriptor.any(weightShape(weight)).raw
        var bias = try MemoryDescriptor([weight[0]]).raw, target = try layout(y).raw
        let what = "a convolution of \(x) with \(weight)"
        let products = y.count / max(y.channels, 1) * weight.count
        var description = dnnl_convolution_desc_t()
        try check(what) {
            withUnsafeMutablePointer(to: &bias) { bias in
                dnnl_dilated_convolution_forward_desc_init(
                    &description, dnnl_forward_inference, dnnl_convolution_direct, &source, &weights,
                    hasBias ? bias : nil, &target, window.strides, window.dilations,
                    window.paddingBefore, window.paddingAfter(x, y))
            }
        }
        func descriptor(_ functions: [Elementwise]) throws(SemblanceError) -> PrimitiveDescriptor {
            try PrimitiveDescriptor(
                what, description, on: lowering.engine, products: products
            ) { operations in
                var status = hasSum ? dnnl_post_ops_append_sum(operations, 1) : dnnl_success
                for function in functions where status == dnnl_success {
                    status = dnnl_post_ops_append_eltwise(
                        operations, 1, function.kind, function.alpha, function.beta)
                }
                return status
            }
        }
        // What oneDNN cannot fuse (PReLU) is a pass over the result: much cheaper than its reference code.
        if let functions = activation?.elementwise, !functions.isEmpty,
            let fused = try? descriptor(functions), !fused.implementation.hasPrefix("ref")
        {
            return (fused, true)
        }
        return (try descriptor([]), false)
    }

    /// For a forward step. In training images are blocked, where that is not left to slow code: gradients read no other layout, and what
    /// the forward steps would gain by theirs is less than what reordering costs.
    private func forwardDescriptor(_ step: Step, _ x: Shape, _ lowering: Lowering)
        throws(SemblanceError) -> (primitive: PrimitiveDescriptor, isFused: Bool)
    {
        let (weight, y) = (lowering.shape(step.inputs[1]), lowering.shape(step.outputs[0]))
        let vectors = lowering.vectors
        if lowering.constant(step.inputs[1]) == nil, vectors != .none,
            let blocked = try? forwardDescriptor(
                x, weight, y, hasSum: hasResidual,
                layout: { (shape) throws(SemblanceError) in
                    try shape.channels % vectors.floats == 0 ? .blocked(shape, by: vectors) : .any(shape)
                }, lowering),
            !blocked.primitive.implementation.hasPrefix("ref")
        {
            return blocked
        }
        // Of few channels one vector: row-major images are read as they come. Left to choose, oneDNN wants them channels last, a pass of its own.
        if vectors == .avx512, x.channels < vectors.floats, y.channels == vectors.floats, groups == 1,
            let first = try? forwardDescriptor(
                x, weight, y, hasSum: hasResidual,
                layout: { (shape) throws(SemblanceError) in
                    try shape.channels == vectors.floats ? .blocked(shape, by: vectors) : .init(shape)
                }, lowering), first.primitive.implementation.hasPrefix("jit:")
        {
            return first
        }
        return try forwardDescriptor(x, weight, y, hasSum: hasResidual, lowering)
    }

    func lower(_ step: Step, _ lowering: Lowering) throws(SemblanceError) {
        if try lowering.lowerIntegers(step) { return }
        if try lowerWinograd(step, lowering) { return }
        if try lowerChannelsLast(step, lowering) { return }
        let (x, y) = (lowering.shape(step.inputs[0]), lowering.shape(step.outputs[0]))
        guard window.touchesEverywhere(x, y) else {
            // Where a window sees nothing but padding, oneDNN 2.6's brgconv forgets the bias and crashes in fused functions.
            var inner = self
            inner.window.padding = Padding(0)
            let (padded, shape) = try self.padded(step.inputs[0], lowering)
            return try inner.lower(step, lowering, shape) { (layout) throws(SemblanceError) in
                if padded.layout == layout { return padded }
                let place = lowering.temporary(layout)
                try lowering.reorder(padded, to: place)
                return place
            }
        }
        try lower(step, lowering, x) { (layout) throws(SemblanceError) in
            try lowering.source(step.inputs[0], as: layout)
        }
    }

    /// The image with its padding around it, row-major.
    private func padded(_ value: ValueID, _ lowering: Lowering) throws(SemblanceError) -> (Located, Shape) {
        let (x, padding) = (lowering.shape(value), window.padding)
        var shape = x
        shape[2] += padding.top + padding.bottom
        shape[3] += padding.left + padding.right
        let source = try lowering.plain(value)
        let target = lowering.temporary(try MemoryDescriptor(shape))
        let (count, width, planes) = (shape.count, shape.width, x.batch * x.channels)
        lowering.host("pad", [source, target]) { memory, _ in
            memory[1].update(repeating: 0, count: count)
            for plane in 0..<planes {
                for row in 0..<x.height {
                    let start = (plane * shape.height + row + padding.top) * width + padding.left
                    (memory[1] + start).update(
                        from: memory[0] + (plane * x.height + row) * x.width, count: x.width)
                }
            }
        }
        return (target, shape)
    }

    /// - Parameter place: gives the image, of the given shape, in a layout.
    private func lower(
        _ step: Step, _ lowering: Lowering, _ x: Shape,
        place: (MemoryDescriptor) throws(SemblanceError) -> Located
    ) throws(SemblanceError) {
        let (weight, y) = (step.inputs[1], step.outputs[0])
        let weightShape = lowering.shape(weight)
        let (descriptor, isFused) = try forwardDescriptor(step, x, lowering)
        let source = try place(descriptor.layout(DNNL_ARG_SRC))
        let weights = try lowering.source(
            weight, as: descriptor.layout(DNNL_ARG_WEIGHTS), counted: self.weightShape(weightShape))
        var arguments = [(DNNL_ARG_SRC, source), (DNNL_ARG_WEIGHTS, weights)]
        if let bias = biasIndex { arguments.append((DNNL_ARG_BIAS, try lowering.plain(step.inputs[bias]))) }
        let written = try descriptor.layout(DNNL_ARG_DST), shape = lowering.shape(y)
        var layout = written
        if lowering.vectors != .none, shape.channels == lowering.vectors.floats {
            // Blocks of all channels that there are lie channels last.
            let blocked = try MemoryDescriptor.blocked(shape, by: lowering.vectors)
            if written == blocked { layout = try .channelsLast(shape) }
        }

        func compute(_ target: Located) throws(SemblanceError) {
            var place = target
            place.layout = written
            lowering.primitive("convolution", descriptor, arguments + [(DNNL_ARG_DST, place)])
            guard let activation, !isFused else { return }
            try activation.apply(
                to: target, slope: slopeIndex.map { step.inputs[$0] }, into: target, lowering)
        }
        guard let residual = residualIndex else {
            return try lowering.define(y, layout, write: compute)
        }
        let accumulator = try lowering.accumulator(step.inputs[residual], layout: layout, inputs: [source])
        try compute(accumulator)
        if !lowering.alias(y, to: accumulator) {
            try lowering.define(y, layout) { (target) throws(SemblanceError) in
                try lowering.reorder(accumulator, to: target)
            }
        }
    }

    func lowerInputGradient(_ step: Step, _ lowering: Lowering) throws(SemblanceError) {
        if try lowerWinogradInputGradient(step, lowering) { return }
        let (dy, weight, dx) = (step.inputs[0], step.inputs[1], step.outputs[0])
        let (x, y, shape) = (lowering.shape(dx), lowering.shape(dy), lowering.shape(weight))
        var weights = try MemoryDescriptor.any(weightShape(shape)).raw
        var source = try MemoryDescriptor.any(x).raw, target = try MemoryDescriptor.any(y).raw
        let what = "the input gradient of a convolution of \(x) with \(shape)"
        let hint = try forwardDescriptor(x, shape, y, lowering).primitive
        var description = dnnl_convolution_desc_t()
        try check(what) {
            dnnl_dilated_convolution_backward_data_desc_init(
                &description, dnnl_convolution_direct, &source, &weights, &target, window.strides,
                window.dilations, window.paddingBefore, window.paddingAfter(x, y))
        }
        let descriptor = try PrimitiveDescriptor(what, description, on: lowering.engine, hint: hint)
        let arguments = [
            (DNNL_ARG_DIFF_DST, try lowering.source(dy, as: descriptor.layout(DNNL_ARG_DIFF_DST))),
            (
                DNNL_ARG_WEIGHTS,
                try lowering.source(
                    weight, as: descriptor.layout(DNNL_ARG_WEIGHTS), counted: weightShape(shape))
            ),
        ]
        try lowering.define(dx, descriptor.layout(DNNL_ARG_DIFF_SRC)) { target in
            lowering.primitive(
                "convolutionInputGradient", descriptor, arguments + [(DNNL_ARG_DIFF_SRC, target)])
        }
    }

    func lowerWeightGradient(_ step: Step, _ lowering: Lowering) throws(SemblanceError) {
        if try lowerWinogradWeightGradient(step, lowering) { return }
        let (xValue, dy, dweight) = (step.inputs[0], step.inputs[1], step.outputs[0])
        let (x, y, shape) = (lowering.shape(xValue), lowering.shape(dy), lowering.shape(dweight))
        var weights = try MemoryDescriptor.any(weightShape(shape)).raw
        var source = try MemoryDescriptor.any(x).raw, target = try MemoryDescriptor.any(y).raw
        let what = "the weight gradient of a convolution of \(x) with \(shape)"
        let hint = try forwardDescriptor(x, shape, y, lowering).primitive
        var description = dnnl_convolution_desc_t()
        try check(what) {
            dnnl_dilated_convolution_backward_weights_desc_init(
                &description, dnnl_convolution_direct, &source, &weights, nil, &target, window.strides,
                window.dilations, window.paddingBefore, window.paddingAfter(x, y))
        }
        let descriptor = try PrimitiveDescriptor(what, description, on: lowering.engine, hint: hint)
        let arguments = [
            (DNNL_ARG_SRC, try lowering.source(xValue, as: descriptor.layout(DNNL_ARG_SRC))),
            (DNNL_ARG_DIFF_DST, try lowering.source(dy, as: descriptor.layout(DNNL_ARG_DIFF_DST))),
        ]
        let layout = try descriptor.layout(DNNL_ARG_DIFF_WEIGHTS)
        try lowering.definePlain(dweight) { (target) throws(SemblanceError) in
            var row = target
            row.layout = try MemoryDescriptor(weightShape(shape))
            let place = row.layout == layout ? row : lowering.temporary(layout)
            lowering.primitive(
                "convolutionWeightGradient", descriptor, arguments + [(DNNL_ARG_DIFF_WEIGHTS, place)])
            if row.layout != layout { try lowering.reorder(place, to: row) }
        }
    }
}
