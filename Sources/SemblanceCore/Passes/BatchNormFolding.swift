extension Network {
    /// Folds y = scale * x + shift, channel by channel, into the product before it or after it. A batch norm before a padded
    /// convolution stays: the padding is zero, not `shift`.
    mutating func foldBatchNorms() {
        var index = 0
        while index < nodes.count {
            if case .batchNorm(let norm) = nodes[index].op,
                foldBackward(norm, at: index) || foldForward(norm, at: index)
            {
                continue  // The node is gone; its place holds the next.
            }
            index += 1
        }
    }

    /// The scale and the shift of each channel, in double precision.
    private func affine(_ norm: BatchNorm, of node: Node) -> (scale: [Double], shift: [Double])? {
        let indices = parameterIndex
        let tensors = node.inputs.dropFirst().compactMap { indices[$0].map { parameters[$0].tensor.values } }
        guard tensors.count == 4, tensors.allSatisfy({ $0.count == tensors[0].count }) else { return nil }
        let scale = zip(tensors[0], tensors[3]).map {
            Double($0) / (Double($1) + Double(norm.epsilon)).squareRoot()
        }
        let shift = tensors[1].indices.map { Double(tensors[1][$0]) - Double(tensors[2][$0]) * scale[$0] }
        return (scale, shift)
    }

    /// A new weight and bias for the product at `producer`; its old ones stay for others that may share them.
    private mutating func replaceProduct(at producer: Int, weight: Tensor, bias: [Double]) {
        let stem = nodes[producer].name
        let values = bias.map { Float($0) }
        // A product that two batch norms fold into is replaced twice.
        parameters.removeAll { ["\(stem).folded.weight", "\(stem).folded.bias"].contains($0.name) }
        parameters.append(Parameter(name: "\(stem).folded.weight", role: .weight, tensor: weight))
        parameters.append(
            Parameter(
                name: "\(stem).folded.bias", role: .bias,
                tensor: Tensor(shape: [values.count], values: values)))
        nodes[producer].inputs[1] = "\(stem).folded.weight"
        if nodes[producer].inputs.count > 2 {
            nodes[producer].inputs[2] = "\(stem).folded.bias"
        } else {
            nodes[producer].inputs.append("\(stem).folded.bias")
        }
        switch nodes[producer].op {
        case .convolution(var convolution):
            convolution.hasBias = true
            nodes[producer].op = .convolution(convolution)
        default:
            nodes[producer].op = .fullyConnected(FullyConnected(hasBias: true))
        }
    }

    /// The weight [M, ...] and bias [M] of a product that nothing is fused into yet.
    private func product(at index: Int) -> (weight: Tensor, bias: [Double])? {
        let node = nodes[index]
        switch node.op {
        case .convolution(let convolution) where convolution.activation == nil && !convolution.hasResidual:
            break
        case .fullyConnected: break
        default: return nil
        }
        let indices = parameterIndex
        guard let weight = indices[node.inputs[1]].map({ parameters[$0].tensor }) else { return nil }
        var bias = [Double](repeating: 0, count: weight.shape[0])
        if node.inputs.count > 2 {
            guard let tensor = indices[node.inputs[2]].map({ parameters[$0].tensor }) else { return nil }
            bias = tensor.values.map(Double.init)
        }
        return (weight, bias)
    }

    /// product -> batch norm becomes product: W' = scale W, b' = scale b + shift.
    private mutating func foldBackward(_ norm: BatchNorm, at index: Int) -> Bool {
        let node = nodes[index]
        guard useCounts[node.inputs[0]] == 1,
            let producer = nodes.firstIndex(where: { $0.output == node.inputs[0] }),
            var (weight, bias) = product(at: producer), let (scale, shift) = affine(norm, of: node),
            scale.count == bias.count
        else { return false }
        let row = weight.shape.count / bias.count
        for position in weight.values.indices {
            weight.values[position] = Float(Double(weight.values[position]) * scale[position / row])
        }
        for channel in bias.indices { bias[channel] = bias[channel] * scale[channel] + shift[channel] }
        replaceProduct(at: producer, weight: weight, bias: bias)
        nodes[producer].output = node.output
        nodes.remove(at: index)
        return true
    }

    /// batch norm -> [flatten] -> product becomes product: W' = W scale, b' = b + W shift.
    private mutating func foldForward(_ norm: BatchNorm, at index: Int) -> Bool {
        let node = nodes[index]
        guard let (scale, shift) = affine(norm, of: node) else { return false }
        var source = node.output
        var readers = nodes.indices.filter { nodes[$0].inputs.contains(source) }
        guard readers.count == 1, !outputNames.contains(source) else { return false }
        if case .reshape([0, -1]) = nodes[readers[0]].op {
            source = nodes[readers[0]].output
            guard !outputNames.contains(source) else { return false }
            readers = nodes.indices.filter { nodes[$0].inputs.contains(source) }
        }
        guard readers.count == 1, nodes[readers[0]].inputs[0] == source, useCounts[source] == 1,
            var (weight, bias) = product(at: readers[0])
        else { return false }
        if case .convolution(let convolution) = nodes[readers[0]].op {
            guard convolution.window.padding == Padding(0), convolution.groups == 1 else { return false }
        }
        // A column of the weight matrix belongs to channel column / area.
        let row = weight.shape.count / bias.count
        guard row % scale.count == 0 else { return false }
        let area = row / scale.count
        for position in weight.values.indices {
            let channel = position % row / area
            bias[position / row] += Double(weight.values[position]) * shift[channel]
            weight.values[position] = Float(Double(weight.values[position]) * scale[channel])
        }
        replaceProduct(at: readers[0], weight: weight, bias: bias)
        rename(node.output, to: node.inputs[0])
        nodes.remove(at: index)
        return true
    }
}
