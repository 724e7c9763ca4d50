import SemblanceCore

// Operators that take parts of a tensor.
extension GraphReader {
    /// What a Slice takes of one axis: `count` entries from `start` on, `step` apart.
    struct Cut {
        var axis: Int
        var start: Int
        var step: Int
        var count: Int
    }

    func cuts(_ node: NodeProto, of shape: Shape) throws(SemblanceError) -> [Cut] {
        // Attributes up to opset 9, inputs from 10 on.
        let starts = try integers(node, "starts", orInput: 1) ?? []
        let ends = try integers(node, "ends", orInput: 2) ?? []
        let axes = try integers(node, "axes", orInput: 3) ?? Array(starts.indices)
        let steps = has(node, 4) ? try integers(node, 4) : starts.map { _ in 1 }
        guard !starts.isEmpty, [ends, axes, steps].allSatisfy({ $0.count == starts.count }),
            !steps.contains(0)
        else { throw invalid("starts, ends, axes and steps do not go together") }
        var result: [Cut] = []
        for index in starts.indices {
            let axis = try axis(axes[index], rank: shape.rank)
            guard !result.contains(where: { $0.axis == axis }) else {
                throw invalid("axis \(axis) is cut twice")
            }
            let size = shape[axis]
            // Negative counts from the end, and everything is cut to the axis; backwards, the end may be before the first entry.
            let isForward = steps[index] > 0
            let step = min(max(steps[index], -size - 1), size + 1)
            func position(_ value: Int) -> Int {
                let fromStart = value < 0 ? max(value, -size - 1) + size : value
                return isForward ? min(max(fromStart, 0), size) : min(max(fromStart, -1), size - 1)
            }
            let start = position(starts[index])
            let span = isForward ? position(ends[index]) - start : start - position(ends[index])
            let count = span <= 0 ? 0 : (span - 1) / abs(step) + 1
            result.append(Cut(axis: axis, start: count > 0 ? start : 0, step: step, count: count))
        }
        return result
    }

    func slice(_ node: NodeProto) throws(SemblanceError) {
        var x = try computed(node, 0)
        for cut in try cuts(node, of: x.shape) {
            // All of the batch may be named.
            if cut.axis == 0, cut.count == 1, cut.step == 1 { continue }
            guard cut.axis > 0 else { throw unsupported("slicing the batch axis") }
            guard cut.count > 0 else { throw invalid("nothing is left of axis \(cut.axis)") }
            x = try part(x, cut, of: node)
        }
        try finish(x, node)
    }

    private func part(_ x: Computed, _ cut: Cut, of node: NodeProto) throws(SemblanceError) -> Computed {
        guard cut.step > 0 || cut.count == 1 else {
            return try entries((0..<cut.count).map { cut.start + $0 * cut.step }, x, axis: cut.axis, of: node)
        }
        let reach = (cut.count - 1) * cut.step + 1
        guard reach < x.shape[cut.axis] else { return try strided(x, cut, of: node) }
        let slice = Op.slice(axis: cut.axis, start: cut.start, count: reach)
        return try strided(try step(slice, x, named: "axis\(cut.axis)", of: node), cut, of: node)
    }

    /// Every step-th entry: a pooling of single entries.
    private func strided(_ x: Computed, _ cut: Cut, of node: NodeProto) throws(SemblanceError) -> Computed {
        guard cut.step > 1, cut.count > 1 else { return x }
        let window = Window(kernel: Extent(1), stride: Extent(cut.step, 1))
        return try alongAxes(cut.axis..<cut.axis + 1, of: x, becoming: [cut.count], .maxPool(window), node)
    }

    /// Entries of an axis in any order: runs are sliced and joined.
    private func entries(_ indices: [Int], _ x: Computed, axis: Int, of node: NodeProto)
        throws(SemblanceError)
        -> Computed
    {
        var runs: [Range<Int>] = []
        for index in indices {
            if let last = runs.last, last.upperBound == index {
                runs[runs.count - 1] = last.lowerBound..<index + 1
            } else {
                runs.append(index..<index + 1)
            }
        }
        guard runs.count <= 64, !runs.isEmpty else {
            throw unsupported("\(indices.count) entries of axis \(axis) in this order")
        }
        var parts: [Computed] = []
        for run in runs {
            let slice = Op.slice(axis: axis, start: run.lowerBound, count: run.count)
            let isWhole = run.count == x.shape[axis]
            parts.append(isWhole ? x : try step(slice, x, named: "axis\(axis)", of: node))
        }
        guard parts.count > 1 else { return parts[0] }
        let name = freshName("\(node.outputs[0]).joined")
        return try emit(.concat(axis: axis), parts, as: name, of: node)
    }

    func gather(_ node: NodeProto) throws(SemblanceError) {
        let x = try computed(node, 0)
        let indices = try constant(node, 1)
        let axis = try axis(try node.integer("axis") ?? 0, rank: x.shape.rank)
        guard axis > 0 else { throw unsupported("it takes images of the batch") }
        guard let given = indices.integers, indices.shape.rank <= 1, given.count <= 1 << 16 else {
            throw unsupported("indices of the form \(indices.shape)")
        }
        var positions: [Int] = []
        for index in given { positions.append(try self.axis(index, rank: x.shape[axis])) }
        let part = try entries(positions, x, axis: axis, of: node)
        guard indices.shape.rank == 0 else { return try finish(part, node) }
        var shape = part.shape.dimensions
        shape.remove(at: axis)
        try reshape(part, to: shape, of: node)
    }

    func split(_ node: NodeProto) throws(SemblanceError) {
        let x = try computed(node, 0)
        let axis = try axis(try node.integer("axis") ?? 0, rank: x.shape.rank)
        guard axis > 0 else { throw unsupported("splitting the batch axis") }
        let size = x.shape[axis]
        // Attribute up to opset 12, input from 13 on; otherwise equal parts, of which the last may be smaller.
        let count = node.outputs.count
        let part = (size - 1) / count + 1
        let sizes =
            try integers(node, "split", orInput: 1)
            ?? (0..<count).map { min(part, max(0, size - $0 * part)) }
        guard sizes.count == count, sizes.allSatisfy({ (1...size).contains($0) }), sizes.reduce(0, +) == size
        else { throw invalid("\(size) entries do not split into \(sizes)") }
        var start = 0
        for (output, size) in zip(node.outputs, sizes) {
            if !output.isEmpty {
                try emit(.slice(axis: axis, start: start, count: size), [x], as: output, of: node)
            }
            start += size
        }
    }
}
