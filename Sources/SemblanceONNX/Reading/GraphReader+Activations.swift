import SemblanceCore

// Activations.
extension GraphReader {
    func relu(_ node: NodeProto) throws(SemblanceError) {
        try emit(.activation(.relu), try computed(node, 0), of: node)
    }

    func leakyRelu(_ node: NodeProto) throws(SemblanceError) {
        let slope = try node.float("alpha") ?? 0.01
        try emit(.activation(.leakyRelu(slope: slope)), try computed(node, 0), of: node)
    }

    func sigmoid(_ node: NodeProto) throws(SemblanceError) {
        try emit(.activation(.sigmoid), try computed(node, 0), of: node)
    }

    /// One slope for each channel, or one for all.
    func prelu(_ node: NodeProto) throws(SemblanceError) {
        let x = try computed(node, 0)
        let slope = try constant(node, 1)
        let channels = x.shape.channels
        let isSingle = slope.elements.count == 1
        // The slope's dimensions line up with x's last ones.
        let leading = x.shape.rank - slope.shape.rank
        guard
            isSingle
                || leading >= 0 && leading <= 1
                    && slope.shape.dimensions.enumerated().allSatisfy({
                        $1 == ($0 + leading == 1 ? channels : 1)
                    })
        else {
            throw unsupported("a slope of \(slope.shape) for \(x.shape): it must be one number a channel")
        }
        let values = isSingle && channels > 1 ? [Float](repeating: slope.floats[0], count: channels) : nil
        let slopes = try parameter(slope, .slope, shape: [channels], values: values)
        try emit(.activation(.prelu), x, slopes, of: node)
    }

    /// Clip(0, infinity) is a ReLU; of row lengths, the lower bound is the normalisation's epsilon.
    func clip(_ node: NodeProto) throws(SemblanceError) {
        let low = has(node, 1) ? try scalar(node, 1) : try node.float("min") ?? -.infinity
        let high = has(node, 2) ? try scalar(node, 2) : try node.float("max") ?? .infinity
        guard high >= .greatestFiniteMagnitude else { throw unsupported("an upper bound of \(high)") }
        try bound(try value(node, 0), from: low, node)
    }

    /// Max(x, 0), another form of ReLU.
    func maximum(_ node: NodeProto) throws(SemblanceError) {
        guard node.inputs.count == 2 else { throw unsupported("a maximum of \(node.inputs.count) inputs") }
        guard case .constant = try value(node, 0) else {
            return try bound(try value(node, 0), from: try scalar(node, 1), node)
        }
        try bound(try value(node, 1), from: try scalar(node, 0), node)
    }

    private func bound(_ value: Value, from low: Float, _ node: NodeProto) throws(SemblanceError) {
        let output = node.outputs[0]
        switch value {
        case .rowNorms(let name, let floor) where low >= 0:
            try define(.rowNorms(of: name, floor: max(low, floor)), as: output)
        case .computed where low <= -.greatestFiniteMagnitude:
            try define(value, as: output)
        case .computed(let name, let shape) where low == 0:
            try emit(.activation(.relu), (name, shape), of: node)
        default:
            throw unsupported("a lower bound of \(low) is not supported here")
        }
    }

    /// Kept for training, where it matters; inference leaves it out.
    func dropout(_ node: NodeProto) throws(SemblanceError) {
        let x = try computed(node, 0)
        let rate = has(node, 1) ? try scalar(node, 1) : try node.float("ratio") ?? 0.5
        guard rate >= 0, rate < 1 else { throw invalid("a ratio of \(rate)") }
        guard rate > 0 else { return try identity(node) }
        let seed = UInt32(truncatingIfNeeded: try node.integer("seed") ?? network.nodes.count)
        try emit(.dropout(Dropout(rate: rate, seed: seed)), x, of: node)
    }

    func identity(_ node: NodeProto) throws(SemblanceError) {
        var value = try value(node, 0)
        if case .constant(var constant) = value {
            constant.name = node.outputs[0]
            value = .constant(constant)
        }
        try define(value, as: node.outputs[0])
    }
}
