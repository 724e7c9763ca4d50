import SemblanceCore

// What operator readers build with.
extension GraphReader {
    func unsupported(_ reason: String) -> SemblanceError { SemblanceError(.unsupportedOperation, reason) }
    func invalid(_ reason: String) -> SemblanceError { SemblanceError(.invalidModel, reason) }

    func check(_ shape: Shape, of name: String) throws(SemblanceError) {
        guard let count = shape.checkedCount, count <= Self.largestValue,
            shape.dimensions.allSatisfy({ $0 > 0 })
        else { throw invalid("\(name.quoted) would have the shape \(shape)") }
    }

    /// Pays for elements of constants that are about to be made.
    func charge(_ count: Int) throws(SemblanceError) {
        guard count <= budget else {
            throw invalid("the constants take far more memory than the file has bytes")
        }
        budget -= count
    }

    /// - Throws: `invalidModel` where the name has a meaning already.
    func define(_ value: Value, as name: String) throws(SemblanceError) {
        if case .constant(let constant) = value { try check(constant) }
        guard initialisers[name] == nil, values.updateValue(value, forKey: name) == nil else {
            throw invalid("the name \(name.quoted) is defined twice")
        }
    }

    /// A name that nothing else has.
    func freshName(_ stem: String) -> String {
        var name = stem
        while !taken.insert(name).inserted {
            freshNames += 1
            name = "\(stem).\(freshNames)"
        }
        return name
    }

    /// Whether an optional input is there.
    func has(_ node: NodeProto, _ index: Int) -> Bool {
        index < node.inputs.count && !node.inputs[index].isEmpty
    }

    func value(_ node: NodeProto, _ index: Int) throws(SemblanceError) -> Value {
        guard has(node, index) else { throw invalid("input \(index) is missing") }
        let name = node.inputs[index]
        if let value = values[name] { return value }
        guard let tensor = initialisers[name] else {
            throw invalid("it reads \(name.quoted), which nothing before it defines")
        }
        let value = Value.constant(try decoded(tensor))
        values[name] = value
        return value
    }

    func decoded(_ tensor: TensorProto) throws(SemblanceError) -> Constant {
        guard !tensor.isExternal else { return try external(tensor) }
        let constant = try tensor.constant()
        try check(constant)
        try charge(constant.elements.count)
        return constant
    }

    /// A tensor from a file beside the model.
    private func external(_ tensor: TensorProto) throws(SemblanceError) -> Constant {
        let part = try tensor.part(of: &external)
        if part.isNew { budget = min(budget + Self.budget(part.file.allocated), Int.max / 2) }
        // Paid for before it is read: the file may be nothing but a large hole.
        try charge(Shape(tensor.dimensions).count)
        var tensor = tensor
        tensor.raw = try part.file.bytes(part.range)[...]
        let constant = try tensor.constant()
        try check(constant)
        return constant
    }

    /// Keeps products of dimensions from overflowing, also where one of them is 0 and goes away, and ranks from growing on and on.
    private func check(_ constant: Constant) throws(SemblanceError) {
        let sizes = Shape(constant.shape.dimensions.map { max($0, 1) })
        guard constant.shape.rank <= 16, let count = sizes.checkedCount, count <= Self.largestValue else {
            throw invalid("\(constant.name.quoted) has the impossible shape \(constant.shape)")
        }
    }

    /// Lets go of constants that no further node reads: most weights are in the network by then.
    func release(inputsOf node: NodeProto) {
        for input in node.inputs {
            guard let uses = unreadUses[input] else { continue }
            unreadUses[input] = uses - 1
            if uses == 1, case .constant? = values[input] { values[input] = nil }
        }
    }

    func computed(_ node: NodeProto, _ index: Int) throws(SemblanceError) -> Computed {
        switch try value(node, index) {
        case .computed(let name, let shape): return (name, shape)
        case .rowNorms(let matrix, let floor):
            return try lengths(node.inputs[index], of: matrix, floor: floor)
        case .levels:
            throw SemblanceError(
                .unsupportedOperation, "input \(index) is integers, which only DequantizeLinear may read",
                remedy: "quantise the model in the QDQ format")
        case .constant: throw unsupported("input \(index) does not depend on the network's input")
        }
    }

    /// A constant whose elements are all known.
    func constant(_ node: NodeProto, _ index: Int) throws(SemblanceError) -> Constant {
        let constant = try anyConstant(node, index)
        if case .sizes = constant.elements { throw unsupported("input \(index) depends on the batch size") }
        return constant
    }

    func anyConstant(_ node: NodeProto, _ index: Int) throws(SemblanceError) -> Constant {
        guard case .constant(let constant) = try value(node, index) else {
            throw unsupported("input \(index) is not constant")
        }
        return constant
    }

    /// A short list of integers, or a single one, that may name the batch size.
    func sizes(_ node: NodeProto, _ index: Int) throws(SemblanceError) -> [Int?] {
        let constant = try anyConstant(node, index)
        guard let sizes = constant.elements.sizes, constant.shape.rank <= 1, sizes.count <= 64 else {
            throw unsupported("input \(index) is no short list of integers")
        }
        return sizes
    }

    func integers(_ node: NodeProto, _ index: Int) throws(SemblanceError) -> [Int] {
        var result: [Int] = []
        for value in try sizes(node, index) {
            guard let value else { throw unsupported("input \(index) depends on the batch size") }
            result.append(value)
        }
        return result
    }

    /// What old opsets have as an attribute and new ones as an input.
    func integers(_ node: NodeProto, _ attribute: String, orInput index: Int) throws(SemblanceError) -> [Int]?
    {
        if let values = try node.integers(attribute) { return values }
        return has(node, index) ? try integers(node, index) : nil
    }

    /// A single float.
    func scalar(_ node: NodeProto, _ index: Int) throws(SemblanceError) -> Float {
        let constant = try constant(node, index)
        guard constant.elements.count == 1 else { throw invalid("input \(index) must be a single number") }
        return constant.floats[0]
    }

    /// An axis of a tensor of `rank` dimensions, counted from the front.
    func axis(_ axis: Int, rank: Int) throws(SemblanceError) -> Int {
        guard (-rank..<rank).contains(axis) else { throw invalid("there is no axis \(axis) of \(rank)") }
        return axis < 0 ? axis + rank : axis
    }

    /// Makes a constant a parameter of the network, and an operand.
    ///
    /// Weights and constants that several nodes read stay shared. Vectors are given to each reader anew: exporters merge those that
    /// merely start equal, and training must be able to tell them apart.
    func parameter(_ constant: Constant, _ role: ParameterRole, shape: Shape, values: [Float]? = nil)
        throws(SemblanceError) -> Computed
    {
        guard shape.checkedCount == (values?.count ?? constant.elements.count), shape.count > 0 else {
            throw invalid(
                "\(constant.name.quoted) of shape \(constant.shape) cannot serve as \(role.rawValue) \(shape)"
            )
        }
        let isShared = values == nil && (role == .weight || role == .constant)
        let key = SharedParameter(constant: constant.name, role: role, shape: shape)
        if isShared, let name = sharedParameters[key] { return (name, shape) }
        try charge(shape.count)
        let isFirst = parameterNames.insert(constant.name).inserted
        let name = isFirst ? constant.name : freshName(constant.name)
        network.parameters.append(
            Parameter(name: name, role: role, tensor: Tensor(shape: shape, values: values ?? constant.floats))
        )
        if isShared { sharedParameters[key] = name }
        return (name, shape)
    }

    /// Adds an operation, and names its result.
    @discardableResult
    func emit(_ op: Op, _ inputs: [Computed], as output: String, of node: NodeProto) throws(SemblanceError)
        -> Computed
    {
        let shapes = inputs.map(\.shape)
        var shape = shapes[0]
        if case .dropout = op {
        } else {
            do throws(SemblanceError) { shape = try op.outputShapes(for: shapes)[0] } catch {
                throw invalid(error.message)
            }
        }
        try check(shape, of: output)
        guard network.nodes.count < Self.largestNetwork else {
            throw unsupported("the network would have more than \(Self.largestNetwork) operations")
        }
        producers[output] = network.nodes.count
        network.nodes.append(
            Node(
                name: node.name.isEmpty ? output : node.name, op: op, inputs: inputs.map(\.name),
                output: output))
        try define(.computed(name: output, shape: shape), as: output)
        return (output, shape)
    }

    /// Adds the one operation that the node is.
    func emit(_ op: Op, _ inputs: Computed..., of node: NodeProto) throws(SemblanceError) {
        try emit(op, inputs, as: node.outputs[0], of: node)
    }

    /// Adds one operation of several that the node is made of.
    func step(_ op: Op, _ inputs: Computed..., named suffix: String, of node: NodeProto)
        throws(SemblanceError) -> Computed
    {
        try emit(op, inputs, as: freshName("\(node.outputs[0]).\(suffix)"), of: node)
    }

    /// The last step's result is the node's, and gets its name.
    func finish(_ result: Computed, _ node: NodeProto) throws(SemblanceError) {
        if useCounts[result.name] == nil, let last = network.nodes.indices.last,
            network.nodes[last].output == result.name
        {
            let output = node.outputs[0]
            network.nodes[last].output = output
            producers[output] = last
            values[result.name] = nil
            return try define(.computed(name: output, shape: result.shape), as: output)
        }
        try define(.computed(name: result.name, shape: result.shape), as: node.outputs[0])
    }
}
