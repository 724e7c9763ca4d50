import COneDNN
import SemblanceCore

// oneDNN has fast code only for the innermost axis: another one is moved there and back.
extension Op {
    func lowerSoftmax(_ step: Step, _ lowering: Lowering, axis: Int) throws(SemblanceError) {
        let rows = Rows(lowering.shape(step.outputs[0]), axis: axis)
        let descriptor = try rows.forward(lowering)
        let x = try rows.gather(step.inputs[0], lowering)
        try rows.define(step.outputs[0], lowering) { y in
            lowering.primitive(name, descriptor, [(DNNL_ARG_SRC, x), (DNNL_ARG_DST, y)])
        }
    }

    /// y, dy -> dx.
    func lowerSoftmaxGradient(_ step: Step, _ lowering: Lowering, axis: Int) throws(SemblanceError) {
        let rows = Rows(lowering.shape(step.outputs[0]), axis: axis)
        let descriptor = try rows.backward(lowering)
        let y = try rows.gather(step.inputs[0], lowering), dy = try rows.gather(step.inputs[1], lowering)
        try rows.define(step.outputs[0], lowering) { dx in
            lowering.primitive(
                name, descriptor, [(DNNL_ARG_DST, y), (DNNL_ARG_DIFF_DST, dy), (DNNL_ARG_DIFF_SRC, dx)])
        }
    }
}

/// The vectors along one axis of a tensor, as the rows of a matrix.
private struct Rows {
    let outer: Int
    let length: Int
    let inner: Int

    init(_ shape: Shape, axis: Int) {
        outer = shape.dimensions.prefix(axis).reduce(1, *)
        length = shape[axis]
        inner = shape.dimensions.dropFirst(axis + 1).reduce(1, *)
    }

    /// Rows side by side.
    private func matrix() throws(SemblanceError) -> MemoryDescriptor {
        try MemoryDescriptor([outer, inner, length])
    }

    /// Rows where they lie in the tensor.
    private func inPlace() throws(SemblanceError) -> MemoryDescriptor {
        try MemoryDescriptor([outer, inner, length], strides: [length * inner, 1, inner])
    }

    func gather(_ value: ValueID, _ lowering: Lowering) throws(SemblanceError) -> Located {
        var source = try lowering.plain(value)
        source.layout = try inPlace()
        guard inner > 1 else {
            return Located(buffer: source.buffer, offset: source.offset, layout: try matrix())
        }
        let rows = lowering.temporary(try matrix())
        try lowering.reorder(source, to: rows)
        return rows
    }

    func define(_ value: ValueID, _ lowering: Lowering, write: (Located) throws(SemblanceError) -> Void)
        throws(SemblanceError)
    {
        try lowering.definePlain(value) { (target) throws(SemblanceError) in
            var rows = target
            rows.layout = try matrix()
            guard inner > 1 else { return try write(rows) }
            rows = lowering.temporary(rows.layout)
            try write(rows)
            var place = target
            place.layout = try inPlace()
            try lowering.reorder(rows, to: place)
        }
    }

    func forward(_ lowering: Lowering) throws(SemblanceError) -> PrimitiveDescriptor {
        var description = dnnl_softmax_desc_t()
        var layout = try matrix().raw
        try check("a softmax") {
            dnnl_softmax_forward_desc_init(&description, dnnl_forward_training, &layout, 2)
        }
        return try PrimitiveDescriptor("a softmax", description, on: lowering.engine)
    }

    func backward(_ lowering: Lowering) throws(SemblanceError) -> PrimitiveDescriptor {
        var description = dnnl_softmax_desc_t()
        var layout = try matrix().raw
        try check("a softmax's gradient") {
            dnnl_softmax_backward_desc_init(&description, &layout, &layout, 2)
        }
        return try PrimitiveDescriptor(
            "a softmax's gradient", description, on: lowering.engine, hint: forward(lowering))
    }
}
