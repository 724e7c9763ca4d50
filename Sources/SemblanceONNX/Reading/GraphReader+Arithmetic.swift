import SemblanceCore

// Sums, differences, products and quotients of two operands that broadcast.
extension GraphReader {
    /// Add, Sub, Mul and Div.
    func arithmetic(_ node: NodeProto) throws(SemblanceError) {
        switch (try value(node, 0), try value(node, 1)) {
        case (.computed(let x, let shape), .rowNorms(let normed, let floor))
        where x == normed && node.operatorName == "Div":
            try emit(.l2Normalise(epsilon: floor), (x, shape), of: node)
        case (_, .constant(let constant)):
            try combine(try computed(node, 0), constant, node)
        case (.constant(let constant), _):
            try combine(constant, try computed(node, 1), node)
        default:
            try combine(try computed(node, 0), try computed(node, 1), node)
        }
    }

    /// The sum of any number of tensors.
    func sum(_ node: NodeProto) throws(SemblanceError) {
        var result = try computed(node, 0)
        for index in node.inputs.indices.dropFirst() {
            let (large, small) = try ordered(result, try computed(node, index), node)
            result = try step(.add, large, small, named: "sum", of: node)
        }
        try finish(result, node)
    }

    private func combine(_ a: Computed, _ b: Computed, _ node: NodeProto) throws(SemblanceError) {
        switch node.operatorName {
        case "Add", "Mul":
            let (large, small) = try ordered(a, b, node)
            try emit(node.operatorName == "Add" ? .add : .multiply, large, small, of: node)
        case "Sub":
            let (large, small) = try ordered(a, try scaled(b, by: -1, node), node)
            try emit(.add, large, small, of: node)
        case _ where try broadcast(a.shape, b.shape) == a.shape:
            try emit(.divide, a, b, of: node)
        default:
            let (large, small) = try ordered(try inverse(b, node), a, node)
            try emit(.multiply, large, small, of: node)
        }
    }

    private func inverse(_ x: Computed, _ node: NodeProto) throws(SemblanceError) -> Computed {
        try step(.activation(.power(exponent: -1)), x, named: "inverse", of: node)
    }

    /// x op constant.
    private func combine(_ x: Computed, _ constant: Constant, _ node: NodeProto) throws(SemblanceError) {
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
    private func combine(_ constant: Constant, _ x: Computed, _ node: NodeProto) throws(SemblanceError) {
        switch node.operatorName {
        case "Add", "Mul": try combine(x, constant, node)
        case "Sub": try apply(.add, try scaled(x, by: -1, node), constant, node)
        default: try apply(.multiply, try inverse(x, node), constant, node)
        }
    }

    private func apply(
        _ op: Op, _ x: Computed, _ constant: Constant, _ node: NodeProto, _ change: ((Float) -> Float)? = nil
    ) throws(SemblanceError) {
        // The constant's axes line up with x's last ones; what it needs more of x than there is, x is repeated for.
        let leading = x.shape.rank - constant.shape.rank
        let shape = Shape([Int](repeating: 1, count: max(0, leading)) + constant.shape.dimensions)
        let whole = try broadcast(x.shape, shape)
        let values = change.map { constant.floats.map($0) }
        let operand = try parameter(constant, .constant, shape: shape, values: values)
        try emit(op, try expanded(x, to: whole, of: node), operand, of: node)
    }

    /// Two operands in Core's order: the second is the one that broadcasts to the first's shape.
    private func ordered(_ a: Computed, _ b: Computed, _ node: NodeProto) throws(SemblanceError)
        -> (large: Computed, small: Computed)
    {
        let shape = try broadcast(a.shape, b.shape)
        if b.shape == shape { return a.shape == shape ? (a, b) : (b, a) }
        return (try expanded(a, to: shape, of: node), b)
    }

    private func broadcast(_ a: Shape, _ b: Shape) throws(SemblanceError) -> Shape {
        guard a.rank == b.rank, let shape = a.broadcast(with: b), shape[0] == 1 else {
            throw unsupported("\(a) with \(b), whose axes do not go together")
        }
        return shape
    }

    func scaled(_ x: Computed, by factor: Float, _ node: NodeProto) throws(SemblanceError) -> Computed {
        let shape = Shape([Int](repeating: 1, count: x.shape.rank))
        let name = freshName("\(node.outputs[0]).factor")
        let constant = Constant(name: name, shape: shape, elements: .floats([factor]))
        let operand = try parameter(constant, .constant, shape: shape)
        return try step(.multiply, x, operand, named: "scaled", of: node)
    }
}
