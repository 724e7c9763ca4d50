import SemblanceCore

// Activations.
extension GraphReader {
    /// Operators that are one activation and nothing else.
    func activation(_ node: NodeProto) throws(SemblanceError) {
        let activation: Activation =
            switch node.operatorName {
            case "Relu": .relu
            case "LeakyRelu": .leakyRelu(slope: try node.float("alpha") ?? 0.01)
            case "Tanh": .tanh
            case "HardSigmoid":
                .hardSigmoid(alpha: try node.float("alpha") ?? 0.2, beta: try node.float("beta") ?? 0.5)
            case "HardSwish": .hardSwish
            case "Sqrt": .squareRoot
            case "Reciprocal": .power(exponent: -1)
            default: .sigmoid
            }
        try emit(.activation(activation), try computed(node, 0), of: node)
    }

    /// A power with a constant exponent.
    func power(_ node: NodeProto) throws(SemblanceError) {
        let exponent = try scalar(node, 1)
        guard exponent != 1 else { return try identity(node) }
        try emit(.activation(.power(exponent: exponent)), try computed(node, 0), of: node)
    }

    func negative(_ node: NodeProto) throws(SemblanceError) {
        try finish(try scaled(try computed(node, 0), by: -1, node), node)
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

    func clip(_ node: NodeProto) throws(SemblanceError) {
        let low = has(node, 1) ? try scalar(node, 1) : try node.float("min") ?? -.infinity
        let high = has(node, 2) ? try scalar(node, 2) : try node.float("max") ?? .infinity
        // The lower bound of row lengths is the normalisation's epsilon.
        if case .rowNorms(let name, let floor) = try value(node, 0), low >= 0, Self.isOpen(high) {
            return try define(.rowNorms(of: name, floor: max(low, floor)), as: node.outputs[0])
        }
        try finish(try clipped(try computed(node, 0), low, high, node), node)
    }

    /// Whether a bound is none: some exporters write the largest float.
    private static func isOpen(_ bound: Float) -> Bool { abs(bound) >= .greatestFiniteMagnitude }

    private func clipped(_ x: Computed, _ low: Float, _ high: Float, _ node: NodeProto) throws(SemblanceError)
        -> Computed
    {
        let isOpenBelow = low < 0 && Self.isOpen(low), isOpenAbove = high > 0 && Self.isOpen(high)
        if isOpenBelow, isOpenAbove { return x }
        let clip = Activation.clip(low: isOpenBelow ? -.infinity : low, high: isOpenAbove ? .infinity : high)
        let isRelu = clip == .clip(low: 0, high: .infinity)
        return try step(.activation(isRelu ? .relu : clip), x, named: "clipped", of: node)
    }

    /// Max and Min of any number of tensors and single constants.
    func extremum(_ node: NodeProto) throws(SemblanceError) {
        let isMax = node.operatorName == "Max"
        var tensors: [Computed] = []
        var bound: Float = isMax ? -.infinity : .infinity
        for index in node.inputs.indices {
            if case .constant = try value(node, index) {
                let number = try scalar(node, index)
                bound = isMax ? max(bound, number) : min(bound, number)
            } else {
                tensors.append(try computed(node, index))
            }
        }
        guard var result = tensors.first else { throw invalid("there are no inputs") }
        for other in tensors.dropFirst() {
            // max(a, b) = b + relu(a - b), min(a, b) = a - relu(a - b)
            guard other.shape == result.shape else {
                throw unsupported("\(result.shape) with \(other.shape)")
            }
            let minus = try scaled(other, by: -1, node)
            let difference = try step(.add, result, minus, named: "difference", of: node)
            let excess = try step(.activation(.relu), difference, named: "excess", of: node)
            result =
                isMax
                ? try step(.add, other, excess, named: "larger", of: node)
                : try step(.add, result, try scaled(excess, by: -1, node), named: "smaller", of: node)
        }
        try finish(try clipped(result, isMax ? bound : -.infinity, isMax ? .infinity : bound, node), node)
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
