extension Network {
    /// The same function with less to do at inference: batch norms folded into the products before (and, where nothing is padded,
    /// after) them, bias, residual and activation fused into convolutions, narrow convolutions of one value merged, dropout removed.
    public func optimised() -> Network {
        var network = self
        network.removeDropout()
        network.foldBatchNorms()
        network.fuseEpilogues()
        network.mergeSiblings()
        network.removeUnusedParameters()
        return network
    }

    private mutating func removeDropout() {
        for node in nodes {
            guard case .dropout = node.op else { continue }
            rename(node.output, to: node.inputs[0])
        }
        nodes.removeAll { if case .dropout = $0.op { true } else { false } }
    }

    /// Makes every reader of `name` read `other`.
    mutating func rename(_ name: String, to other: String) {
        for index in nodes.indices {
            nodes[index].inputs = nodes[index].inputs.map { $0 == name ? other : $0 }
        }
        outputNames = outputNames.map { $0 == name ? other : $0 }
    }

    mutating func removeUnusedParameters() {
        let used = useCounts
        parameters.removeAll { used[$0.name] == nil }
    }

    /// y = act(conv(x) + residual): moves activations and additions into the convolution before them.
    private mutating func fuseEpilogues() {
        var changed = true
        while changed {
            changed = false
            let uses = useCounts
            let producers = Dictionary(
                nodes.enumerated().map { ($1.output, $0) }, uniquingKeysWith: { first, _ in first })
            for (index, node) in nodes.enumerated()
            where fuse(node, at: index, uses: uses, producers: producers) {
                changed = true
                break
            }
        }
    }

    private mutating func fuse(_ node: Node, at index: Int, uses: [String: Int], producers: [String: Int])
        -> Bool
    {
        func absorber(_ name: String) -> (index: Int, convolution: Convolution)? {
            guard uses[name] == 1, let producer = producers[name],
                case .convolution(let convolution) = nodes[producer].op, convolution.activation == nil
            else { return nil }
            return (producer, convolution)
        }

        switch node.op {
        case .activation(let activation):
            guard case (let producer, var convolution)? = absorber(node.inputs[0]) else { return false }
            convolution.activation = activation
            nodes[producer].op = .convolution(convolution)
            nodes[producer].inputs += node.inputs.dropFirst()
            nodes[producer].output = node.output
            nodes.remove(at: index)
            return true
        case .add:
            // The convolution that comes last: its residual is there when it runs.
            let candidates = zip(node.inputs, node.inputs.reversed())
                .compactMap { name, other in absorber(name).map { (name, other, $0) } }
                .filter { !$0.2.convolution.hasResidual && (producers[$0.1] ?? -1) < $0.2.index }
                .filter { parameterIndex[$0.1] == nil && $0.0 != $0.1 }
            let last = candidates.max { $0.2.index < $1.2.index }
            guard case (_, let residual, (let producer, var convolution))? = last else { return false }
            convolution.hasResidual = true
            nodes[producer].op = .convolution(convolution)
            nodes[producer].inputs.append(residual)
            nodes[producer].output = node.output
            nodes.remove(at: index)
            return true
        default:
            return false
        }
    }
}
