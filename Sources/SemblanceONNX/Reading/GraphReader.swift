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
        /// max(|x|, floor), row by row: the half of an L2 normalisation.
        case rowNorms(of: String, floor: Float)
        /// What QuantizeLinear makes of a value, for DequantizeLinear.
        case levels(of: String, shape: Shape, Quantisation)
    }

    /// An operand of a network's node, with its shape for a batch of one.
    typealias Computed = (name: String, shape: Shape)

    let graph: GraphProto
    let opset: Int
    /// The batch size that the file fixes, if it does.
    private(set) var fileBatch: Int?
    var network: Network
    var values: [String: Value] = [:]
    /// Names that the file or this reader has given away.
    var taken: Set<String> = []
    var freshNames = 0
    /// Stored tensors, decoded when the first node reads them.
    private(set) var initialisers: [String: TensorProto] = [:]
    /// Elements of decoded and derived constants that may still be made: a small file must not fill the memory by naming
    /// the same weights again and again. A byte holds at most two (4-bit) elements, and weights take few forms on their way
    /// into the network: as stored, as floats, transposed or scaled.
    var budget: Int
    var external: ExternalData
    var parameterNames: Set<String> = []
    var sharedParameters: [SharedParameter: String] = [:]
    /// Network nodes by the name of their output.
    var producers: [String: Int] = [:]
    /// Outputs of products that a following Add gives their bias.
    var takesBias: Set<String> = []
    /// How many needed nodes and graph outputs read each name.
    var useCounts: [String: Int] = [:]
    /// How many of them are still to come.
    var unreadUses: [String: Int] = [:]

    struct SharedParameter: Hashable {
        var constant: String
        var role: ParameterRole
        var shape: Shape
    }

    static func budget(_ fileSize: Int) -> Int { fileSize < Int.max / 16 ? 8 * fileSize : Int.max / 2 }

    /// Passes over a network go through all of it for each change that they make.
    static let largestNetwork = 10_000

    /// No value may have more elements than this for one image.
    static let largestValue = 1 << 30

    /// - Parameter folder: where files with weights may lie.
    init(_ graph: GraphProto, opset: Int, fileSize: Int, folder: String?) {
        self.graph = graph
        self.opset = opset
        external = ExternalData(folder: folder)
        budget = Self.budget(fileSize) + (1 << 16)
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
        unreadUses = useCounts
        for tensor in graph.initialisers {
            guard initialisers.updateValue(tensor, forKey: tensor.name) == nil else {
                throw SemblanceError(.invalidModel, "two tensors have the name \(tensor.name.quoted)")
            }
            taken.insert(tensor.name)
        }
        try defineInput(shape: inputShape)
        for node in needed {
            try read(node)
            release(inputsOf: node)
        }
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

    private func defineInput(shape: Shape?) throws(SemblanceError) {
        // Old files list their weights as inputs too, and some keep inputs that nothing reads.
        let inputs = graph.inputs.filter { initialisers[$0.name] == nil && useCounts[$0.name] != nil }
        guard inputs.count == 1 else {
            let names = inputs.map(\.name.quoted).prefix(5).joined(separator: ", ")
            throw SemblanceError(
                .invalidModel,
                inputs.isEmpty
                    ? "no output of the model depends on an input" : "the model has several inputs: \(names)",
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
            let read = Self.operators[node.operatorName]
            let isFolded = Self.foldedOperators.contains(node.operatorName)
            guard node.domain.isEmpty || node.domain == "ai.onnx", read != nil || isFolded else {
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
            if try fold(node) { return }
            guard let read else {
                throw SemblanceError(
                    .unsupportedOperation,
                    "the operator \(node.operatorName.quoted) is supported for constants only, not for what the network computes"
                )
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
            if case .rowNorms(let matrix, let floor)? = values[output.name] {
                _ = try lengths(output.name, of: matrix, floor: floor)
            }
            guard case .computed(let name, _)? = values[output.name], producers[beforeDropout(name)] != nil
            else {
                throw SemblanceError(
                    .invalidModel, "the output \(output.name.quoted) is not computed from the input")
            }
            network.outputNames.append(beforeDropout(name))
        }
        // A dropout at the very end does nothing but blur the result in training.
        let read = network.useCounts
        network.nodes.removeAll { if case .dropout = $0.op { read[$0.output] == nil } else { false } }
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

    private func beforeDropout(_ name: String) -> String {
        var name = name
        while let index = producers[name], case .dropout = network.nodes[index].op {
            name = network.nodes[index].inputs[0]
        }
        return name
    }
}
