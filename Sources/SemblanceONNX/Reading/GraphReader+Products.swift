import SemblanceCore

// Matrix products and normalisations.
extension GraphReader {
    /// y = alpha x W + beta b, with alpha and beta folded into the weights.
    func gemm(_ node: NodeProto) throws(SemblanceError) {
        let x = try computed(node, 0)
        let weight = try constant(node, 1)
        guard try node.integer("transA") ?? 0 == 0 else { throw unsupported("transA is not supported") }
        let isTransposed = try node.integer("transB") ?? 0 != 0
        let alpha = try node.float("alpha") ?? 1
        let beta = try node.float("beta") ?? 1
        var bias: (constant: Constant, scale: Float)?
        if has(node, 2), beta != 0 { bias = (try constant(node, 2), beta) }
        try fullyConnected(node, x, weight, isTransposed: isTransposed, scale: alpha, bias: bias)
    }

    /// A product with a constant matrix; an Add after it becomes its bias.
    func matMul(_ node: NodeProto) throws(SemblanceError) {
        let x = try computed(node, 0)
        try fullyConnected(node, x, try constant(node, 1), isTransposed: false, scale: 1, bias: nil)
        takesBias.insert(node.outputs[0])
    }

    /// - Parameter isTransposed: whether the weight is [M,K] already.
    private func fullyConnected(
        _ node: NodeProto, _ x: Computed, _ weight: Constant, isTransposed: Bool,
        scale: Float, bias: (constant: Constant, scale: Float)?
    ) throws(SemblanceError) {
        guard x.shape.rank == 2, weight.shape.rank == 2 else {
            throw unsupported("only products of matrices are supported, not \(x.shape) by \(weight.shape)")
        }
        let shape: Shape = isTransposed ? weight.shape : [weight.shape[1], weight.shape[0]]
        var values: [Float]?
        if !isTransposed { values = weight.transposed([1, 0]).floats }
        if scale != 1 { values = (values ?? weight.floats).map { $0 * scale } }
        var inputs = [x, try parameter(weight, .weight, shape: shape, values: values)]
        if let bias { inputs.append(try self.bias(bias.constant, count: shape[0], scale: bias.scale)) }
        let layer = FullyConnected(hasBias: bias != nil)
        try emit(.fullyConnected(layer), inputs, as: node.outputs[0], of: node)
    }

    /// A bias [count] of a matrix product, from a constant that broadcasts to its rows.
    private func bias(_ constant: Constant, count: Int, scale: Float = 1) throws(SemblanceError) -> Computed {
        let given = constant.shape.dimensions.filter { $0 != 1 }
        guard given.isEmpty || given == [count] && constant.shape.dimensions.last == count else {
            throw unsupported("a bias of \(constant.shape) for \(count) outputs")
        }
        var values: [Float]?
        if scale != 1 || constant.elements.count != count {
            let factors = constant.floats.map { $0 * scale }
            values = factors.count == count ? factors : [Float](repeating: factors[0], count: count)
        }
        return try parameter(constant, .bias, shape: [count], values: values)
    }

    /// Adds `constant` to a matrix product that nothing else reads as its bias: where the file keeps them apart, training still
    /// sees a bias.
    func absorb(_ constant: Constant, intoProduct name: String, node: NodeProto) throws(SemblanceError)
        -> Bool
    {
        guard takesBias.contains(name), useCounts[name] == 1, let index = producers[name],
            case .computed(_, let shape)? = values[name],
            constant.shape.rank <= 2, constant.shape.dimensions.last == shape[1],
            constant.elements.count == shape[1]
        else { return false }
        let output = node.outputs[0]
        network.nodes[index].op = .fullyConnected(FullyConnected(hasBias: true))
        network.nodes[index].inputs.append(try bias(constant, count: shape[1]).name)
        network.nodes[index].output = output
        producers[output] = index
        try define(.computed(name: output, shape: shape), as: output)
        return true
    }

    func batchNormalization(_ node: NodeProto) throws(SemblanceError) {
        let x = try computed(node, 0)
        guard try node.integer("training_mode") ?? 0 == 0, try node.integer("spatial") ?? 1 == 1,
            node.outputs.dropFirst().allSatisfy({ useCounts[$0] == nil })
        else {
            throw SemblanceError(
                .unsupportedOperation, "only batch normalisation in inference form is supported",
                remedy: "export the model in evaluation mode")
        }
        // ONNX weighs the old statistics, Core (as PyTorch) the new ones. Rounding makes 1 - 0.9 the float nearest to 0.1.
        let kept = Double(try node.float("momentum") ?? 0.9)
        let norm = BatchNorm(
            epsilon: try node.float("epsilon") ?? 1e-5,
            momentum: Float(((1 - kept) * 1e6).rounded() / 1e6))
        guard norm.epsilon >= 0, norm.epsilon.isFinite, norm.momentum.isFinite else {
            throw invalid("epsilon is \(norm.epsilon) and momentum \(norm.momentum)")
        }
        let channels: Shape = [x.shape.channels]
        var inputs = [x]
        for (index, role) in [ParameterRole.gamma, .beta, .runningMean, .runningVariance].enumerated() {
            inputs.append(try parameter(try constant(node, index + 1), role, shape: channels))
        }
        try emit(.batchNorm(norm), inputs, as: node.outputs[0], of: node)
    }

    func lpNormalization(_ node: NodeProto) throws(SemblanceError) {
        let x = try computed(node, 0)
        guard x.shape.rank == 2, [1, -1].contains(try node.integer("axis") ?? -1),
            try node.integer("p") ?? 2 == 2
        else { throw unsupported("only the L2 normalisation of a matrix' rows is supported") }
        try emit(.l2Normalise(epsilon: .leastNormalMagnitude), x, of: node)
    }
}
