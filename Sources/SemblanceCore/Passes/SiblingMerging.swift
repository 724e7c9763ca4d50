extension Network {
    /// Convolutions of a few channels that read the same value become one wide convolution and slices of it: each of them alone
    /// reads the whole value again and leaves most of a vector idle. Where a depthwise convolution follows each, those
    /// become one too. Detectors end in such heads.
    mutating func mergeSiblings() {
        while let layers = siblings() { merge(layers) }
    }

    /// Outputs of a convolution that is narrower than a vector.
    private static let narrow = 16

    private struct Sibling: Hashable {
        var source: String
        var convolution: Convolution
        /// The weights' dimensions but for the first.
        var form: [Int]
    }

    /// The first convolutions that read the same value in the same way, and the depthwise ones behind them, if all have one.
    private func siblings() -> [[Int]]? {
        let parameters = parameterIndex, uses = useCounts
        func convolution(_ node: Node) -> (Convolution, weight: Shape)? {
            guard case .convolution(let convolution) = node.op, !convolution.hasResidual,
                convolution.activation != .prelu,
                // Weights that others share too would be copied as often as they are read.
                node.inputs.dropFirst().allSatisfy({ parameters[$0] != nil && uses[$0] == 1 }),
                let weight = parameters[node.inputs[1]]
            else { return nil }
            let shape = self.parameters[weight].tensor.shape
            let biases = node.inputs.dropFirst(2).compactMap { parameters[$0] }
            guard shape.rank == 4, biases.allSatisfy({ self.parameters[$0].tensor.shape == [shape[0]] })
            else { return nil }
            return (convolution, shape)
        }

        var families: [Sibling: [Int]] = [:]
        for (index, node) in nodes.enumerated() {
            guard let (layer, weight) = convolution(node), layer.groups == 1, weight[0] <= Self.narrow
            else { continue }
            let form = Array(weight.dimensions.dropFirst())
            families[
                Sibling(source: node.inputs[0], convolution: layer, form: form), default: []
            ].append(index)
        }
        let first = families.values.filter { $0.count > 1 }.min { $0[0] < $1[0] }
        guard let first else { return nil }

        // Depthwise convolutions of all of them that differ in nothing but their weights.
        var followers: [Int] = [], kinds: Set<Sibling> = []
        for index in first where uses[nodes[index].output] == 1 {
            guard let reader = nodes.firstIndex(where: { $0.inputs.first == nodes[index].output }),
                let (found, weight) = convolution(nodes[reader]),
                let channels = convolution(nodes[index])?.weight[0],
                found.groups == channels, weight[0] == channels
            else { continue }
            var layer = found
            layer.groups = 1
            let form = Array(weight.dimensions.dropFirst())
            kinds.insert(Sibling(source: "", convolution: layer, form: form))
            followers.append(reader)
        }
        return followers.count == first.count && kinds.count == 1 ? [first, followers] : [first]
    }

    private mutating func merge(_ layers: [[Int]]) {
        var source = nodes[layers[0][0]].inputs[0]
        var wide: [Node] = []
        for layer in layers {
            let node = widened(layer, reading: source)
            source = node.output
            wide.append(node)
        }
        var start = 0
        for (index, narrow) in zip(layers[layers.count - 1], layers[0]) {
            let count = channels(of: nodes[narrow])
            nodes[index] = Node(
                name: nodes[index].name, op: .slice(axis: 1, start: start, count: count), inputs: [source],
                output: nodes[index].output)
            start += count
        }
        if layers.count > 1 { for index in layers[0].reversed() { nodes.remove(at: index) } }
        nodes.insert(contentsOf: wide, at: layers[0][0])
    }

    private func channels(of node: Node) -> Int {
        parameterIndex[node.inputs[1]].map { parameters[$0].tensor.shape[0] } ?? 0
    }

    /// One convolution that computes what those at `layer` do, one after the other along the channels.
    private mutating func widened(_ layer: [Int], reading source: String) -> Node {
        let indices = parameterIndex
        var node = nodes[layer[0]]
        node.output += ".siblings"
        node.name += ".siblings"
        for place in node.inputs.indices.dropFirst() {
            let parts = layer.compactMap { indices[nodes[$0].inputs[place]] }.map { parameters[$0] }
            let rest = parts[0].tensor.shape.dimensions.dropFirst()
            let count = parts.reduce(0) { $0 + $1.tensor.shape[0] }
            node.inputs[place] = "\(node.output).\(place == 1 ? "weight" : "bias")"
            parameters.append(
                Parameter(
                    name: node.inputs[place], role: parts[0].role,
                    tensor: Tensor(shape: Shape([count] + rest), values: parts.flatMap(\.tensor.values))))
        }
        let isDepthwise = nodes[layer[0]].inputs[0] != nodes[layer[1]].inputs[0]
        if case .convolution(var convolution) = node.op, isDepthwise {
            convolution.groups = layer.reduce(0) { $0 + channels(of: nodes[$1]) }
            node.op = .convolution(convolution)
        }
        node.inputs[0] = source
        return node
    }
}
