import SemblanceCore

extension GraphReader {
    /// Entries around a tensor; negative numbers take entries away.
    func pad(_ node: NodeProto) throws(SemblanceError) {
        var x = try computed(node, 0)
        let rank = x.shape.rank
        guard let given = try integers(node, "pads", orInput: 1) else { throw invalid("there are no pads") }
        let axes = has(node, 3) ? try integers(node, 3) : Array(0..<rank)
        guard given.count == 2 * axes.count,
            given.allSatisfy({ (-Self.largestValue...Self.largestValue).contains($0) })
        else { throw invalid("pads of \(given) for \(axes.count) axes") }
        var pad = Pad(before: x.shape.dimensions.map { _ in 0 }, after: x.shape.dimensions.map { _ in 0 })
        for (index, axis) in axes.enumerated() {
            let axis = try self.axis(axis, rank: rank)
            let (before, after) = (given[index], given[index + axes.count])
            guard axis > 0 || (before, after) == (0, 0) else { throw unsupported("it pads the batch") }
            pad.before[axis] = before
            pad.after[axis] = after
        }
        pad.mode = try padMode(node)
        for axis in 1..<max(rank, 1) where pad.before[axis] < 0 || pad.after[axis] < 0 {
            let start = max(0, -pad.before[axis]), cut = max(0, -pad.after[axis]),
                size = x.shape[axis]
            guard start < size, cut < size - start else {
                throw invalid("nothing is left of axis \(axis)")
            }
            let slice = Op.slice(axis: axis, start: start, count: size - start - cut)
            x = try step(slice, x, named: "cut", of: node)
            pad.before[axis] = max(0, pad.before[axis])
            pad.after[axis] = max(0, pad.after[axis])
        }
        if (pad.before + pad.after).allSatisfy({ $0 == 0 }) { return try finish(x, node) }
        try emit(.pad(pad), x, of: node)
    }

    private func padMode(_ node: NodeProto) throws(SemblanceError) -> Pad.Mode {
        switch try node.string("mode") ?? "constant" {
        case "constant": .constant(has(node, 2) ? try scalar(node, 2) : try node.float("value") ?? 0)
        case "reflect": .reflect
        case "edge": .edge
        case let other: throw unsupported("the mode \(other.quoted)")
        }
    }

    /// Over one axis; up to opset 12, over all axes from that one on.
    func softmax(_ node: NodeProto) throws(SemblanceError) {
        let x = try computed(node, 0)
        let axis = try axis(try node.integer("axis") ?? (opset < 13 ? 1 : -1), rank: x.shape.rank)
        guard axis > 0 else { throw unsupported("it goes over the batch") }
        let rest = x.shape.dimensions[axis...]
        guard opset < 13, rest.count > 1 else { return try emit(.softmax(axis: axis), x, of: node) }
        let rows = try reshaped(x, to: x.shape.dimensions[..<axis] + [rest.reduce(1, *)], of: node)
        let result = try step(.softmax(axis: axis), rows, named: "softmax", of: node)
        try finish(try reshaped(result, to: x.shape.dimensions, of: node), node)
    }
}
