import SemblanceCore

// Rounded values and weights, as runtimes expect them around a product of integers.
extension GraphWriter {
    mutating func write(_ levels: Quantisation, _ node: Node) {
        quantised.insert(node.output)
        let scale = constant("\(node.output).scale", floats: [levels.scale], shape: [])
        let zero = freshName("\(node.output).zero")
        graph.initialisers.append(
            TensorProto(name: zero, shape: [], bytes: [UInt8(clamping: levels.zero)], type: .uint8))
        let bytes = freshName("\(node.output).bytes")
        append("QuantizeLinear", node, [node.inputs[0], scale, zero], output: bytes)
        append("DequantizeLinear", node, [bytes, scale, zero])
    }

    /// The first `count` operands of a product; its weights as bytes where its input is quantised and they lie on levels.
    mutating func productOperands(_ node: Node, _ count: Int) -> [String] {
        let name = node.inputs[1]
        if quantised.contains(node.inputs[0]), !written.contains(name), let parameter = parameters[name],
            let weights = WeightLevels(of: parameter.tensor.values, rows: parameter.tensor.shape[0])
        {
            let bytes = freshName("\(name).bytes")
            graph.initialisers.append(
                TensorProto(
                    name: bytes, shape: parameter.tensor.shape,
                    bytes: weights.levels.map { UInt8(bitPattern: $0) }, type: .int8))
            let scales = constant("\(name).scales", floats: weights.scales, shape: [weights.scales.count])
            graph.nodes.append(
                NodeProto(
                    "DequantizeLinear", name: name, inputs: [bytes, scales], output: name,
                    attributes: [AttributeProto("axis", .integer(0))]))
            writtenAsItIs(name)
        }
        return [node.inputs[0]] + node.inputs.prefix(count).dropFirst().map { operand($0) }
    }
}
