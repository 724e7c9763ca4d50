import SemblanceCore

// Weights that are stored as small integers.
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

    /// Constants are folded, so that what comes here is computed.
    func dequantizeLinear(_ node: NodeProto) throws(SemblanceError) {
        throw SemblanceError(
            .unsupportedOperation, "only weights may be quantised, not what the network computes",
            remedy: "use a model with weight-only quantisation, or the float model")
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
