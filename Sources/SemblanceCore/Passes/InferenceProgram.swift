extension Program {
    /// The program that computes a network's outputs with its running statistics, dropout left out.
    /// Give it a network after `Network.optimised()` to have batch norms folded and epilogues fused.
    /// - Throws: `invalidModel` for a name that nothing defines, `unsupportedOperation` for shapes that do not fit.
    public static func inference(_ network: Network, batch: Int) throws(SemblanceError) -> Program {
        var program = Program()
        let input = program.add(network.inputName, network.inputShape(batch: batch), .input)
        _ = try program.append(network, input: input)
        return program
    }

    /// Appends a network that reads `input` [N,C,H,W].
    /// - Returns: the values of its outputs, in their order.
    /// - Throws: as `inference`.
    package mutating func append(_ network: Network, input: ValueID) throws(SemblanceError) -> [ValueID] {
        var ids = [network.inputName: input]
        for parameter in network.parameters {
            ids[parameter.name] = add(
                parameter.name, parameter.tensor.shape, .constant, initial: parameter.tensor.values)
        }
        for node in network.nodes {
            let inputs = try node.inputs.map { (name) throws(SemblanceError) in
                try Self.lookUp(name, in: ids, for: node)
            }
            if case .dropout = node.op {
                ids[node.output] = inputs[0]
                continue
            }
            ids[node.output] = try append(node.op, inputs, named: node.output)[0]
        }
        return try network.outputNames.map { (name) throws(SemblanceError) in
            guard let id = ids[name] else {
                throw SemblanceError(
                    .invalidModel, "the network \(network.name) has no value \(name) for its output")
            }
            // A network whose output is its own input or a parameter computes nothing.
            if case .intermediate = self[id].storage { setStorage(.output, of: id) }
            return id
        }
    }

    package static func lookUp(_ name: String, in ids: [String: ValueID], for node: Node)
        throws(SemblanceError)
        -> ValueID
    {
        guard let id = ids[name] else {
            throw SemblanceError(
                .invalidModel,
                "node \(node.name) (\(node.op.name)) reads \(name), which nothing before it defines")
        }
        return id
    }
}
