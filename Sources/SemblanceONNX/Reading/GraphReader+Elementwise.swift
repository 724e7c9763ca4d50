import SemblanceCore

// Activations and arithmetic.
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
        let name = try parameter(slope, .slope, shape: [channels], values: values)
        try emit(
            .activation(.prelu), [x.name, name], shapes: [x.shape, [channels]], as: node.outputs[0], of: node)
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

    /// Add, Sub, Mul and Div.
    func arithmetic(_ node: NodeProto) throws(SemblanceError) {
        switch (try value(node, 0), try value(node, 1)) {
        case (.computed(let a, let aShape), .computed(let b, let bShape)):
            try combine(node, (a, aShape), (b, bShape))
        case (.computed(let x, let shape), .constant(let constant)):
            try combine(node, (x, shape), constant)
        case (.constant(let constant), .computed(let x, let shape)):
            try combine(node, constant, (x, shape))
        case (.computed(let x, let shape), .rowNorms(let normed, let floor))
        where x == normed && node.operatorName == "Div":
            try emit(.l2Normalise(epsilon: floor), (x, shape), of: node)
        case (.dimensions, .dimensions), (.dimensions, .constant), (.constant, .dimensions):
            try shapeArithmetic(node)
        default:
            throw unsupported("arithmetic on these constants or norms is not supported")
        }
    }

    private typealias Tensor = (name: String, shape: Shape)

    private func combine(_ node: NodeProto, _ a: Tensor, _ b: Tensor) throws(SemblanceError) {
        let output = node.outputs[0]
        switch node.operatorName {
        case "Add", "Mul":
            // Core's second operand is the one that broadcasts.
            let (large, small) = a.shape.count >= b.shape.count ? (a, b) : (b, a)
            try emit(
                node.operatorName == "Add" ? .add : .multiply, [large.name, small.name],
                shapes: [large.shape, small.shape], as: output, of: node)
        case "Sub":
            let negated = try scaled(b, by: -1, node)
            guard a.shape.count >= b.shape.count else {
                return try emit(
                    .add, [negated.name, a.name], shapes: [b.shape, a.shape], as: output, of: node)
            }
            try emit(.add, [a.name, negated.name], shapes: [a.shape, b.shape], as: output, of: node)
        default:
            throw unsupported("division by something that is not constant")
        }
    }

    /// x op constant.
    private func combine(_ node: NodeProto, _ x: Tensor, _ constant: Constant) throws(SemblanceError) {
        switch node.operatorName {
        case "Add":
            if try absorb(constant, intoProduct: x.name, node: node) { return }
            try apply(.add, x, constant, node)
        case "Sub": try apply(.add, x, constant, node) { -$0 }
        case "Mul": try apply(.multiply, x, constant, node)
        default: try apply(.multiply, x, constant, node) { 1 / $0 }
        }
    }

    /// constant op x.
    private func combine(_ node: NodeProto, _ constant: Constant, _ x: Tensor) throws(SemblanceError) {
        switch node.operatorName {
        case "Add", "Mul": try combine(node, x, constant)
        case "Sub": try apply(.add, try scaled(x, by: -1, node), constant, node)
        default: throw unsupported("division by something that is not constant")
        }
    }

    private func apply(
        _ op: Op, _ x: Tensor, _ constant: Constant, _ node: NodeProto, _ change: ((Float) -> Float)? = nil
    ) throws(SemblanceError) {
        let leading = x.shape.rank - constant.shape.rank
        guard leading >= 0, leading > 0 || constant.shape[0] == 1 else {
            throw unsupported("a constant of \(constant.shape) with \(x.shape)")
        }
        let shape = Shape([Int](repeating: 1, count: leading) + constant.shape.dimensions)
        let values = change.map { constant.floats.map($0) }
        let name = try parameter(constant, .constant, shape: shape, values: values)
        try emit(op, [x.name, name], shapes: [x.shape, shape], as: node.outputs[0], of: node)
    }

    private func scaled(_ x: Tensor, by factor: Float, _ node: NodeProto) throws(SemblanceError) -> Tensor {
        let output = freshName("\(node.outputs[0]).scaled")
        let shape = Shape([Int](repeating: 1, count: x.shape.rank))
        let constant = Constant(
            name: freshName("\(output).factor"), shape: shape, elements: .floats([factor]))
        let name = try parameter(constant, .constant, shape: shape)
        try emit(.multiply, [x.name, name], shapes: [x.shape, shape], as: output, of: node)
        return (output, x.shape)
    }
}
