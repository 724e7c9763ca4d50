import SemblanceCore

/// Turns an ONNX graph into a `Network`, node by node. What only depends on constants and on shapes is computed here; the rest
/// becomes the network's nodes.
///
/// Every computed value keeps the batch as its axis 0, so that the network serves any batch; operators that would move or fold
/// the batch are refused.
final class GraphReader {
    /// What a name of the graph stands for.
    enum Value {
        /// A tensor that the network computes, with its shape for a batch of one.
        case computed(name: String, shape: Shape)
        case constant(Constant)
        /// A vector or a scalar of dimensions, the outcome of arithmetic on shapes; nil stands for the batch size.
        case dimensions([Int?], isScalar: Bool)
        /// max(|x|, floor), row by row: the half of an L2 normalisation.
        case rowNorms(of: String, floor: Float)
    }

    let graph: GraphProto
    let opset: Int
    /// The batch size that the file fixes, if it does.
    private(set) var fileBatch: Int?
    var network: Network
    private(set) var values: [String: Value] = [:]
    /// Names that the file or this reader has given away.
    private var taken: Set<String> = []
    private var freshNames = 0
    /// Elements of decoded and derived constants that may still be made: a small file must not fill the memory by naming
    /// the same weights again and again.
    private var budget: Int
    private var parameterNames: Set<String> = []
    private var sharedParameters: [SharedParameter: String] = [:]
    /// Network nodes by the name of their output.
    var producers: [String: Int] = [:]
    /// Outputs of products that a following Add gives their bias.
    var takesBias: Set<String> = []
    /// How many needed nodes and graph outputs read each name.
    private(set) var useCounts: [String: Int] = [:]

    private struct SharedParameter: Hashable {
        var constant: String
        var role: ParameterRole
        var shape: Shape
    }

    /// No value may have more elements than this for one image.
    static let largestValue = 1 << 30

    init(_ graph: GraphProto, opset: Int, fileSize: Int) {
        self.graph = graph
        self.opset = opset
        budget = 2 * fileSize + (1 << 16)
        network = Network(
            name: graph.name.isEmpty ? "model" : graph.name, inputShape: [], nodes: [], parameters: [],
            outputNames: [])
    }

    /// - Parameter inputShape: [C, H, W], for models that leave it open.
    func read(inputShape: Shape?) throws(SemblanceError) -> Network {
        guard !graph.hasSparseInitialisers else {
            throw SemblanceError(.unsupportedOperation, "the model has sparse weights")
        }
        let needed = try neededNodes()
        var initialisers: [String: TensorProto] = [:]
        for tensor in graph.initialisers {
            guard initialisers.updateValue(tensor, forKey: tensor.name) == nil else {
                throw SemblanceError(.invalidModel, "two tensors have the name \(tensor.name.quoted)")
            }
            taken.insert(tensor.name)
        }
        try defineInput(initialisers: initialisers, shape: inputShape)
        for tensor in graph.initialisers where useCounts[tensor.name] != nil {
            try define(.constant(tensor.constant()), as: tensor.name)
        }
        for node in needed { try read(node) }
        try defineOutputs()
        return network
    }

    /// The nodes that the outputs depend on: training leftovers and unused heads are passed over.
    private func neededNodes() throws(SemblanceError) -> [NodeProto] {
        for output in graph.outputs { useCounts[output.name, default: 0] += 1 }
        var needed: [NodeProto] = []
        var produced: Set<String> = []
        for node in graph.nodes {
            for output in node.outputs where !output.isEmpty {
                guard produced.insert(output).inserted else {
                    throw SemblanceError(.invalidModel, "two nodes compute \(output.quoted)")
                }
            }
        }
        // The file's order is topological, so one walk from the end finds them all.
        for node in graph.nodes.reversed() where node.outputs.contains(where: { useCounts[$0] != nil }) {
            for input in node.inputs where !input.isEmpty { useCounts[input, default: 0] += 1 }
            needed.append(node)
        }
        taken = produced
        return needed.reversed()
    }

    private func defineInput(initialisers: [String: TensorProto], shape: Shape?) throws(SemblanceError) {
        // Old files list their weights as inputs too, and some keep inputs that nothing reads.
        let inputs = graph.inputs.filter { initialisers[$0.name] == nil && useCounts[$0.name] != nil }
        guard inputs.count == 1 else {
            let names = inputs.map(\.name.quoted).prefix(5).joined(separator: ", ")
            throw SemblanceError(
                .invalidModel,
                inputs.isEmpty ? "the model has no input" : "the model has several inputs: \(names)",
                remedy: "a network with one image input is needed")
        }
        let input = inputs[0]
        guard let dimensions = input.dimensions, dimensions.count >= 2 else {
            throw SemblanceError(
                .invalidModel, "the input \(input.name.quoted) has no shape of at least two dimensions")
        }
        fileBatch = dimensions[0].flatMap { $0 > 0 ? $0 : nil }
        var perImage: [Int] = []
        for (axis, dimension) in dimensions.dropFirst().enumerated() {
            let given = shape.flatMap { axis < $0.rank ? $0[axis] : nil }
            // Zero and negative sizes are some exporters' way to leave a dimension open.
            guard let size = given ?? dimension.flatMap({ $0 > 0 ? $0 : nil }) else {
                throw SemblanceError(
                    .invalidModel, "the model leaves the size of its input open (axis \(axis + 1))",
                    remedy: "give the input size, or export the model with a fixed one")
            }
            perImage.append(size)
        }
        let whole = Shape([1] + perImage)
        try check(whole, of: input.name)
        network.inputName = input.name
        network.inputShape = Shape(perImage)
        try define(.computed(name: input.name, shape: whole), as: input.name)
        taken.insert(input.name)
    }

    private func read(_ node: NodeProto) throws(SemblanceError) {
        do throws(SemblanceError) {
            guard node.domain.isEmpty || node.domain == "ai.onnx",
                let read = Self.operators[node.operatorName]
            else {
                let known = Self.operators.keys.sorted().joined(separator: ", ")
                let domain = node.domain.isEmpty ? "" : " of \(node.domain.quoted)"
                throw SemblanceError(
                    .unsupportedOperation,
                    "the operator \(node.operatorName.quoted)\(domain) is not supported",
                    remedy: "operators that are: \(known)")
            }
            guard Set(node.attributes.map(\.name)).count == node.attributes.count else {
                throw SemblanceError(.invalidModel, "an attribute is given twice")
            }
            guard node.outputs.first?.isEmpty == false else {
                throw SemblanceError(.invalidModel, "the node has no output")
            }
            try read(self)(node)
        } catch {
            throw SemblanceError(
                error.code, "node \(label(node)): \(error.message)", remedy: error.remedy, cause: error.cause)
        }
    }

    private func label(_ node: NodeProto) -> String {
        let name = node.name.isEmpty ? node.outputs.first ?? "" : node.name
        return "\(name.quoted) (\(node.operatorName.quoted))"
    }

    /// Names the outputs and keeps the graph's names for them.
    private func defineOutputs() throws(SemblanceError) {
        guard !graph.outputs.isEmpty else { throw SemblanceError(.invalidModel, "the model has no output") }
        guard Set(graph.outputs.map(\.name)).count == graph.outputs.count else {
            throw SemblanceError(.invalidModel, "an output is listed twice")
        }
        for output in graph.outputs {
            guard case .computed(let name, _)? = values[output.name], producers[name] != nil else {
                throw SemblanceError(
                    .invalidModel, "the output \(output.name.quoted) is not computed from the input")
            }
            network.outputNames.append(name)
        }
        guard Set(network.outputNames).count == network.outputNames.count else {
            throw SemblanceError(.invalidModel, "two outputs are the same value")
        }
        // An output that was an alias (Identity, or an operator that does nothing): the name people know is the graph's.
        let declared = Set(graph.outputs.map(\.name))
        var renamed: [String: String] = [:]
        for (output, name) in zip(graph.outputs, network.outputNames) where !declared.contains(name) {
            renamed[name] = output.name
        }
        guard !renamed.isEmpty else { return }
        for index in network.nodes.indices {
            network.nodes[index].inputs = network.nodes[index].inputs.map { renamed[$0] ?? $0 }
            network.nodes[index].output = renamed[network.nodes[index].output] ?? network.nodes[index].output
        }
        network.outputNames = network.outputNames.map { renamed[$0] ?? $0 }
    }
}

// What operator readers build with.
extension GraphReader {
    func unsupported(_ reason: String) -> SemblanceError { SemblanceError(.unsupportedOperation, reason) }
    func invalid(_ reason: String) -> SemblanceError { SemblanceError(.invalidModel, reason) }

    private func check(_ shape: Shape, of name: String) throws(SemblanceError) {
        guard let count = shape.checkedCount, count <= Self.largestValue,
            shape.dimensions.allSatisfy({ $0 > 0 })
        else { throw invalid("\(name.quoted) would have the shape \(shape)") }
    }

    private func charge(_ count: Int) throws(SemblanceError) {
        budget -= count
        guard budget >= 0 else {
            throw invalid("the constants take far more memory than the file has bytes")
        }
    }

    /// - Throws: `invalidModel` where the name has a meaning already.
    func define(_ value: Value, as name: String) throws(SemblanceError) {
        switch value {
        case .constant(let constant): try charge(constant.elements.count)
        // Shapes are short; joining them again and again would double them each time.
        case .dimensions(let values, _):
            guard values.count <= 64 else { throw invalid("a shape is too long") }
        case .computed, .rowNorms: break
        }
        guard values.updateValue(value, forKey: name) == nil else {
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
        guard let value = values[node.inputs[index]] else {
            throw invalid("it reads \(node.inputs[index].quoted), which nothing before it defines")
        }
        return value
    }

    func computed(_ node: NodeProto, _ index: Int) throws(SemblanceError) -> (name: String, shape: Shape) {
        guard case .computed(let name, let shape) = try value(node, index) else {
            throw unsupported("input \(index) does not depend on the network's input")
        }
        return (name, shape)
    }

    func constant(_ node: NodeProto, _ index: Int) throws(SemblanceError) -> Constant {
        switch try value(node, index) {
        case .constant(let constant): return constant
        default: throw unsupported("input \(index) is not constant")
        }
    }

    /// A vector or scalar of integers that may name the batch size.
    func dimensions(_ node: NodeProto, _ index: Int) throws(SemblanceError) -> (
        values: [Int?], isScalar: Bool
    ) {
        switch try value(node, index) {
        case .dimensions(let values, let isScalar): return (values, isScalar)
        case .constant(let constant):
            guard let integers = constant.integers, constant.shape.rank <= 1, integers.count <= 64 else {
                throw unsupported("input \(index) is no short list of integers")
            }
            return (integers, constant.shape.rank == 0)
        default: throw unsupported("input \(index) is not constant")
        }
    }

    func integers(_ node: NodeProto, _ index: Int) throws(SemblanceError) -> [Int] {
        var result: [Int] = []
        for value in try dimensions(node, index).values {
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

    /// Makes a constant a parameter of the network.
    ///
    /// Weights and constants that several nodes read stay shared. Vectors are given to each reader anew: exporters merge those that
    /// merely start equal, and training must be able to tell them apart.
    func parameter(_ constant: Constant, _ role: ParameterRole, shape: Shape, values: [Float]? = nil)
        throws(SemblanceError) -> String
    {
        guard shape.checkedCount == (values?.count ?? constant.elements.count), shape.count > 0 else {
            throw invalid(
                "\(constant.name.quoted) of shape \(constant.shape) cannot serve as \(role.rawValue) \(shape)"
            )
        }
        let isShared = values == nil && (role == .weight || role == .constant)
        let key = SharedParameter(constant: constant.name, role: role, shape: shape)
        if isShared, let name = sharedParameters[key] { return name }
        try charge(shape.count)
        let isFirst = parameterNames.insert(constant.name).inserted
        let name = isFirst ? constant.name : freshName(constant.name)
        network.parameters.append(
            Parameter(name: name, role: role, tensor: Tensor(shape: shape, values: values ?? constant.floats))
        )
        if isShared { sharedParameters[key] = name }
        return name
    }

    /// Adds an operation. `shapes` are those of all inputs for a batch of one.
    func emit(_ op: Op, _ inputs: [String], shapes: [Shape], as output: String, of node: NodeProto)
        throws(SemblanceError)
    {
        var shape = shapes[0]
        if case .dropout = op {
        } else {
            do throws(SemblanceError) { shape = try op.outputShapes(for: shapes)[0] } catch {
                throw invalid(error.message)
            }
        }
        try check(shape, of: output)
        producers[output] = network.nodes.count
        network.nodes.append(
            Node(name: node.name.isEmpty ? output : node.name, op: op, inputs: inputs, output: output))
        try define(.computed(name: output, shape: shape), as: output)
    }
}
