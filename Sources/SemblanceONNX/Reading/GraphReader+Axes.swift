import SemblanceCore

// What acts along some axes of a tensor of any rank. Core's windows are two-dimensional: the axes become the height of an image.
extension GraphReader {
    /// Sees x as [N, axes before, axes, axes after], applies an operation that changes the height, and gives the axes their new sizes.
    func alongAxes(
        _ axes: Range<Int>, of x: Computed, becoming sizes: [Int], _ op: Op, _ node: NodeProto
    ) throws(SemblanceError) -> Computed {
        let before = Array(x.shape.dimensions[..<axes.lowerBound])
        let after = Array(x.shape.dimensions[axes.upperBound...])
        let image = [
            1, before.dropFirst().reduce(1, *), x.shape.dimensions[axes].reduce(1, *), after.reduce(1, *),
        ]
        let result = try step(op, try reshaped(x, to: image, of: node), named: "axes", of: node)
        return try reshaped(result, to: before + sizes + after, of: node)
    }

    /// Runs of neighbouring axes.
    private func runs(_ axes: some Collection<Int>) -> [Range<Int>] {
        var result: [Range<Int>] = []
        for axis in axes.sorted() {
            if let last = result.last, last.upperBound == axis {
                result[result.count - 1] = last.lowerBound..<axis + 1
            } else {
                result.append(axis..<axis + 1)
            }
        }
        return result
    }

    /// Repeats x along axes of size 1 where broadcasting does not do it by itself.
    /// - Precondition: `shape` has x's rank and other sizes only where x has 1.
    func expanded(_ x: Computed, to shape: Shape, of node: NodeProto) throws(SemblanceError) -> Computed {
        try check(shape, of: node.outputs[0])
        var x = x
        for run in runs(shape.dimensions.indices.filter { shape[$0] != x.shape[$0] }) {
            let sizes = Array(shape.dimensions[run])
            let scale = Extent(sizes.reduce(1, *), 1)
            x = try alongAxes(run, of: x, becoming: sizes, .resizeNearest(scale), node)
        }
        return x
    }

    func expand(_ node: NodeProto) throws(SemblanceError) {
        // Norms are stretched to the shape of what they will divide: dividing does so by itself.
        if case .rowNorms = try value(node, 0) {
            guard try sizes(node, 1).count == 2 else { throw unsupported("norms make no matrix here") }
            return try identity(node)
        }
        let x = try computed(node, 0)
        var target: [Int] = []
        let given = try sizes(node, 1)
        for (index, size) in given.enumerated() {
            let isBatch = index == given.count - x.shape.rank
            guard let size else {
                guard isBatch else { throw unsupported("the batch size moves to another axis") }
                target.append(1)
                continue
            }
            target.append(isBatch && size == fileBatch ? 1 : size)
        }
        guard let shape = x.shape.broadcast(with: Shape(target)), shape.rank == x.shape.rank, shape[0] == 1
        else { throw unsupported("\(x.shape) cannot expand to \(target)") }
        try finish(try expanded(x, to: shape, of: node), node)
    }

    // MARK: Reductions

    /// The axes that a reduction goes over: all where none are given.
    func reducedAxes(_ node: NodeProto, rank: Int) throws(SemblanceError) -> Set<Int> {
        let given = try integers(node, "axes", orInput: 1) ?? []
        if given.isEmpty, try node.integer("noop_with_empty_axes") ?? 0 != 0 { return [] }
        var axes: Set<Int> = []
        for axis in given.isEmpty ? Array(0..<rank) : given { axes.insert(try self.axis(axis, rank: rank)) }
        return axes
    }

    /// Means, sums, lengths and largest elements over axes, by pooling.
    func reduce(_ node: NodeProto) throws(SemblanceError) {
        let x = try computed(node, 0)
        let axes = try reducedAxes(node, rank: x.shape.rank)
        if node.operatorName == "ReduceL2", x.shape.rank == 2, axes == [1],
            try node.integer("keepdims") ?? 1 != 0
        {
            // With an optional Clip, an optional Expand and a Div it makes an L2 normalisation. A floor of zero would make the zero
            // vector NaN.
            let norms = Value.rowNorms(of: x.name, floor: .leastNormalMagnitude)
            return try define(norms, as: node.outputs[0])
        }
        guard !axes.contains(0) else { throw unsupported("it reduces the batch") }
        let count = axes.reduce(1) { $0 * x.shape[$1] }
        var result: Computed
        switch node.operatorName {
        case "ReduceMean": result = try mean(x, axes, of: node)
        case "ReduceSum": result = try scaled(try mean(x, axes, of: node), by: Float(count), node)
        case "ReduceMax": result = try pooled(x, axes, of: node) { .maxPool(Window(kernel: Extent($0, 1))) }
        default:
            let squares = try step(.multiply, x, x, named: "squares", of: node)
            result = try scaled(try mean(squares, axes, of: node), by: Float(count), node)
            if node.operatorName == "ReduceL2" {
                result = try step(.activation(.squareRoot), result, named: "length", of: node)
            }
        }
        try finish(try withoutAxes(result, axes, node), node)
    }

    private func mean(_ x: Computed, _ axes: Set<Int>, of node: NodeProto) throws(SemblanceError) -> Computed
    {
        if x.shape.rank == 4, axes == [2, 3] {
            return try step(.globalAveragePool, x, named: "mean", of: node)
        }
        return try pooled(x, axes, of: node) {
            .averagePool(AveragePool(window: Window(kernel: Extent($0, 1))))
        }
    }

    private func pooled(_ x: Computed, _ axes: Set<Int>, of node: NodeProto, _ pool: (Int) -> Op)
        throws(SemblanceError) -> Computed
    {
        var x = x
        for run in runs(axes) {
            let sizes = x.shape.dimensions[run]
            x = try alongAxes(run, of: x, becoming: sizes.map { _ in 1 }, pool(sizes.reduce(1, *)), node)
        }
        return x
    }

    /// The lengths of a matrix' rows, where something else than a normalisation reads them.
    func lengths(_ name: String, of matrix: String, floor: Float) throws(SemblanceError) -> Computed {
        guard case .computed(_, let shape)? = values[matrix] else {
            throw invalid("nothing defines \(matrix.quoted)")
        }
        let node = NodeProto("ReduceL2", name: "", inputs: [], output: name)
        let x = (name: matrix, shape: shape)
        let squares = try step(.multiply, x, x, named: "squares", of: node)
        let sum = try scaled(try mean(squares, [1], of: node), by: Float(shape[1]), node)
        var result = try step(.activation(.squareRoot), sum, named: "length", of: node)
        if floor > .leastNormalMagnitude {
            let clip = Activation.clip(low: floor, high: .infinity)
            result = try step(.activation(clip), result, named: "floored", of: node)
        }
        values[name] = .computed(name: result.name, shape: result.shape)
        return result
    }

    private func withoutAxes(_ x: Computed, _ axes: Set<Int>, _ node: NodeProto) throws(SemblanceError)
        -> Computed
    {
        guard try node.integer("keepdims") ?? 1 == 0 else { return x }
        return try reshaped(
            x, to: x.shape.dimensions.indices.filter { !axes.contains($0) }.map { x.shape[$0] }, of: node)
    }
}
