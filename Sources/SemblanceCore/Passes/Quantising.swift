import Foundation

/// A product whose operands could be 8-bit integers.
package struct QuantisableProduct: Sendable, Hashable {
    package var node: String
    /// What it multiplies its weights with.
    package var input: String
    /// Multiplications for an image.
    package var products: Int
}

extension Network {
    /// Whether it rounds values to levels.
    package var isQuantised: Bool {
        nodes.contains { if case .quantise = $0.op { true } else { false } }
    }

    /// Dense convolutions and fully connected layers of an optimised network. Depthwise convolutions are left out: they are a few hundredths
    /// of the work, and rounding costs them most.
    package func quantisableProducts() throws(SemblanceError) -> [QuantisableProduct] {
        let program = try Program.inference(self, batch: 1)
        let indices = parameterIndex
        return nodes.compactMap { node in
            switch node.op {
            case .convolution(let convolution) where convolution.groups == 1: break
            case .fullyConnected: break
            default: return nil
            }
            // The network's own input is bytes already, and few; as levels it would be rounded a second time.
            guard let weight = indices[node.inputs[1]], indices[node.inputs[0]] == nil,
                let y = program.value(named: node.output), reachesProducts(node.inputs[0])
            else { return nil }
            let shape = parameters[weight].tensor.shape
            let area = program.shape(of: y).spatialCount
            return QuantisableProduct(node: node.name, input: node.inputs[0], products: shape.count * area)
        }
    }

    /// Multiplications of all products for an image.
    package func productCount() throws(SemblanceError) -> Int {
        let program = try Program.inference(self, batch: 1)
        return program.steps.reduce(0) { sum, step in
            switch step.op {
            case .convolution, .fullyConnected: sum + program.work(of: step).operations / 2
            default: sum
            }
        }
    }

    /// Whether a value depends on a product: the first layer sees pixels.
    private func reachesProducts(_ name: String) -> Bool {
        var pending = [name]
        var seen: Set<String> = []
        let producers = Dictionary(nodes.map { ($0.output, $0) }) { first, _ in first }
        while let next = pending.popLast() {
            guard seen.insert(next).inserted, let node = producers[next] else { continue }
            switch node.op {
            case .convolution, .fullyConnected: return true
            default: pending += node.inputs
            }
        }
        return false
    }

    /// The network with 8-bit operands for some of its products: a `quantise` before each, and its weights rounded to levels.
    /// - Parameter inputs: the levels of the values that become bytes.
    package func quantised(_ chosen: Set<String>, inputs: [String: Quantisation]) -> Network {
        var result = self
        result.nodes = []
        var rounded: Set<String> = []
        let indices = parameterIndex
        var made: Set<String> = []
        for node in nodes {
            guard chosen.contains(node.name), let levels = inputs[node.inputs[0]],
                let weight = indices[node.inputs[1]]
            else {
                result.nodes.append(node)
                continue
            }
            let name = "\(node.inputs[0]).quantised"
            if made.insert(name).inserted {
                result.nodes.append(
                    Node(name: name, op: .quantise(levels), inputs: [node.inputs[0]], output: name))
            }
            var node = node
            node.inputs[0] = name
            let stored = "\(node.inputs[1]).levels"
            if rounded.insert(stored).inserted {
                result.parameters.append(
                    Parameter(
                        name: stored, role: .weight, tensor: WeightLevels.rounded(parameters[weight].tensor)))
            }
            node.inputs[1] = stored
            result.nodes.append(node)
        }
        result.removeUnusedParameters()
        return result
    }

    /// The same function with channels scaled so that bytes hold them better: what a convolution gives to just one of `products` is divided by a
    /// factor for each channel, and its weights multiplied by it (Nagel et al., 2019; Xiao et al., 2022). ReLU, leaky ReLU and PReLU let a factor through.
    /// - Parameter peaks: the largest magnitude of each channel of the products' inputs.
    package mutating func equaliseChannels(before products: [QuantisableProduct], peaks: [String: [Float]]) {
        let uses = useCounts
        for product in products {
            guard uses[product.input] == 1, let peaks = peaks[product.input],
                let reader = nodes.firstIndex(where: { $0.name == product.node }),
                let producer = nodes.firstIndex(where: { $0.output == product.input }),
                case .convolution(let before) = nodes[producer].op, case .convolution = nodes[reader].op,
                before.letsFactorsThrough, !outputNames.contains(product.input)
            else { continue }
            let indices = parameterIndex
            let names = [nodes[producer].inputs[1], nodes[reader].inputs[1]]
            let bias = before.biasIndex.map { nodes[producer].inputs[$0] }
            guard let first = indices[names[0]], let second = indices[names[1]], names[0] != names[1],
                (names + [bias].compactMap(\.self)).allSatisfy({ uses[$0] == 1 }),
                parameters[first].tensor.shape[0] == peaks.count
            else { continue }
            let factors = Self.factors(peaks, weights: parameters[second].tensor)
            let row = parameters[first].tensor.shape.count / peaks.count
            for index in parameters[first].tensor.values.indices {
                parameters[first].tensor.values[index] /= factors[index / row]
            }
            if let bias = bias.flatMap({ indices[$0] }) {
                for index in factors.indices { parameters[bias].tensor.values[index] /= factors[index] }
            }
            let area = parameters[second].tensor.shape.spatialCount
            for index in parameters[second].tensor.values.indices {
                parameters[second].tensor.values[index] *= factors[index / area % factors.count]
            }
        }
    }

    /// Powers of 2, which change nothing else: about peak^0.6 / weight^0.4, with the geometric mean 1. The share was chosen on faces of a
    /// public set: from 0.5 to 0.7 it makes little difference.
    private static func factors(_ peaks: [Float], weights: Tensor) -> [Float] {
        let area = weights.shape.spatialCount
        var largest = [Float](repeating: 0, count: peaks.count)
        for (index, value) in weights.values.enumerated() {
            let channel = index / area % peaks.count
            largest[channel] = max(largest[channel], abs(value))
        }
        let exponents = zip(peaks, largest).map { peak, weight in
            peak > 0 && weight > 0 ? 0.6 * log2(Double(peak)) - 0.4 * log2(Double(weight)) : 0
        }
        let mean = exponents.reduce(0, +) / Double(max(exponents.count, 1))
        return zip(exponents, zip(peaks, largest)).map { exponent, pair in
            pair.0 > 0 && pair.1 > 0
                ? Float(
                    sign: .plus, exponent: Int(min(max((exponent - mean).rounded(), -12), 12)), significand: 1
                ) : 1
        }
    }
}

extension Convolution {
    fileprivate var letsFactorsThrough: Bool {
        guard !hasResidual else { return false }
        switch activation {
        case nil, .relu, .leakyRelu, .prelu: return true
        default: return false
        }
    }
}
