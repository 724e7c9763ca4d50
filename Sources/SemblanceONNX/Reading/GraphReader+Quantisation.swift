import SemblanceCore

// Weights that are stored as small integers, and values that are rounded to what bytes hold.
extension GraphReader {
    /// (x - zero point) scale, with one scale for the whole tensor, for each entry of an axis, or for each block of an axis.
    func dequantised(_ node: NodeProto) throws(SemblanceError) -> Constant {
        let x = try constant(node, 0)
        guard let integers = x.integers else { throw invalid("\(x.name.quoted) holds no integers") }
        let scale = try constant(node, 1)
        let layout = try scaleLayout(of: node, x: x.shape, scale: scale.shape)
        var zeros: [Int]?
        if has(node, 2) {
            let zero = try constant(node, 2)
            guard zero.shape == scale.shape, zero.integers != nil else {
                throw invalid("the zero points \(zero.shape) do not go with the scales \(scale.shape)")
            }
            zeros = zero.integers
        }
        try charge(integers.count)
        let scales = scale.floats
        var values: [Float] = []
        values.reserveCapacity(integers.count)
        for outer in 0..<layout.outer {
            for entry in 0..<layout.axis {
                let start = outer * layout.outerStep + entry / layout.block * layout.entryStep
                for inner in 0..<layout.inner {
                    let position = start + inner * layout.innerStep
                    let (level, overflow) = integers[values.count].subtractingReportingOverflow(
                        zeros?[position] ?? 0)
                    guard !overflow else { throw invalid("a zero point is out of range") }
                    values.append(Float(level) * scales[position])
                }
            }
        }
        return Constant(shape: x.shape, elements: .floats(values))
    }

    func quantizeLinear(_ node: NodeProto) throws(SemblanceError) {
        let x = try computed(node, 0)
        let levels = Value.levels(of: x.name, shape: x.shape, try quantisation(node))
        try define(levels, as: node.outputs[0])
    }

    /// Constants are folded, so that what comes here is computed: the second half of a `quantise`.
    func dequantizeLinear(_ node: NodeProto) throws(SemblanceError) {
        guard case .levels(let name, let shape, let levels) = try value(node, 0) else {
            throw SemblanceError(
                .unsupportedOperation, "what the network computes is quantised by QuantizeLinear only",
                remedy: "quantise the model in the QDQ format, or use the float model")
        }
        guard try quantisation(node) == levels else {
            throw unsupported("it has another scale or zero point than the QuantizeLinear before it")
        }
        try emit(.quantise(levels), (name, shape), of: node)
    }

    /// Scale and zero point of a node that are the same for the whole tensor. Signed bytes are the unsigned ones less 128.
    private func quantisation(_ node: NodeProto) throws(SemblanceError) -> Quantisation {
        let scale = try constant(node, 1)
        guard scale.elements.count == 1, try node.integer("block_size") ?? 0 == 0 else {
            throw unsupported("only one scale for the whole tensor is supported, not \(scale.shape)")
        }
        guard has(node, 2) else { return Quantisation(scale: scale.floats[0], zero: 0) }
        let zero = try constant(node, 2)
        guard let integers = zero.integers, integers.count == 1,
            let type = initialisers[node.inputs[2]].flatMap({ TensorProto.DataType(rawValue: $0.dataType) }),
            type == .uint8 || type == .int8
        else { throw unsupported("the zero point must be a byte among the initialisers") }
        return Quantisation(scale: scale.floats[0], zero: integers[0] + (type == .int8 ? 128 : 0))
    }

    /// x seen as [outer, axis, inner], and how the position among the scales moves with each of them.
    private struct ScaleLayout {
        var outer = 1
        var axis: Int
        var inner = 1
        /// Entries of the axis that share a scale.
        var block = 1
        var outerStep = 0
        var entryStep = 0
        var innerStep = 0
    }

    private func scaleLayout(of node: NodeProto, x: Shape, scale: Shape) throws(SemblanceError)
        -> ScaleLayout
    {
        let block = try node.integer("block_size") ?? 0
        guard block > 0 || scale.count != 1 else { return ScaleLayout(axis: x.count) }
        let axis = try axis(try node.integer("axis") ?? 1, rank: x.rank)
        var layout = ScaleLayout(axis: x[axis])
        layout.outer = x.dimensions[..<axis].reduce(1, *)
        layout.inner = x.dimensions[(axis + 1)...].reduce(1, *)
        guard block > 0 else {
            guard scale == [x[axis]] else {
                throw invalid("scales of \(scale) for axis \(axis) of \(x)")
            }
            layout.entryStep = 1
            return layout
        }
        let blocks = x[axis] / block + (x[axis] % block == 0 ? 0 : 1)
        var expected = x
        expected[axis] = blocks
        guard scale == expected else {
            throw invalid("scales of \(scale) for blocks of \(block) on axis \(axis) of \(x)")
        }
        layout.block = block
        layout.outerStep = blocks * layout.inner
        layout.entryStep = layout.inner
        layout.innerStep = 1
        return layout
    }
}
