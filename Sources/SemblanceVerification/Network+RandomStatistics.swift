import SemblanceCore

extension Network {
    /// The same network with batch norms that do something: random statistics, scales, shifts and slopes. Filters are made 1 long on average:
    /// these statistics do not follow the activations, which must not grow from layer to layer beyond what half can hold.
    package func withRandomStatistics(seed: UInt64) -> Network {
        var network = self
        var random = RandomSource(seed: seed, stream: 1)
        for index in network.parameters.indices {
            let role = network.parameters[index].role, tensor = network.parameters[index].tensor
            let squares = tensor.values.reduce(0) { $0 + $1 * $1 }
            let shortening = (Float(tensor.shape[0]) / max(squares, .leastNormalMagnitude)).squareRoot()
            network.parameters[index].tensor.values = network.parameters[index].tensor.values.map { value in
                switch role {
                case .gamma, .runningVariance: random.uniform(0.5...1.5)
                case .beta, .runningMean: random.normal() * 0.1
                case .slope: random.uniform(0...0.5)
                case .weight: value * shortening
                case .bias, .constant: value
                }
            }
        }
        return network
    }
}
