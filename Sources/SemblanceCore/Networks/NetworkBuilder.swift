/// Writes networks layer by layer, with seeded initial weights: every method adds nodes after `current` and moves it on.
package struct NetworkBuilder {
    private var network: Network
    private let seed: UInt64
    /// The name and the shape (for a batch of one) of the value that the next layer reads.
    package private(set) var current: (name: String, shape: Shape)

    package init(name: String, input: Shape, seed: UInt64) {
        network = Network(name: name, inputShape: input, nodes: [], parameters: [], outputNames: [])
        self.seed = seed
        current = (network.inputName, network.inputShape(batch: 1))
    }

    /// Goes back to an earlier value, for the other branch of a block.
    package mutating func resume(at value: (name: String, shape: Shape)) { current = value }

    /// The network whose output is `current`, under the name `embedding`.
    package func finished() -> Network {
        var result = network
        if let last = result.nodes.indices.last { result.nodes[last].output = "embedding" }
        result.outputNames = ["embedding"]
        return result
    }

    private mutating func parameter(
        _ name: String, _ role: ParameterRole, _ shape: Shape, _ value: (inout RandomSource) -> Float
    ) -> String {
        // A stream per parameter: adding a layer does not change the weights of the others.
        var random = RandomSource(seed: seed, stream: UInt64(network.parameters.count))
        let values = (0..<shape.count).map { _ in value(&random) }
        network.parameters.append(
            Parameter(name: name, role: role, tensor: Tensor(shape: shape, values: values)))
        return name
    }

    private mutating func append(_ op: Op, _ name: String, parameters: [String], shapes: [Shape])
        throws(SemblanceError)
    {
        let shape = try op.outputShapes(for: [current.shape] + shapes)[0]
        network.nodes.append(Node(name: name, op: op, inputs: [current.name] + parameters, output: name))
        current = (name, shape)
    }

    /// Weights start normal with variance 2 / fan-out (He et al., 2015).
    package mutating func convolution(
        _ name: String, channels: Int, kernel: Int, stride: Int = 1, padding: Int = 0, groups: Int = 1
    ) throws(SemblanceError) {
        let window = Window(kernel: Extent(kernel), stride: Extent(stride), padding: Padding(padding))
        let shape: Shape = [channels, current.shape.channels / groups, kernel, kernel]
        let deviation = (2 / Float(channels / groups * kernel * kernel)).squareRoot()
        let weight = parameter("\(name).weight", .weight, shape) { $0.normal() * deviation }
        try append(
            .convolution(Convolution(window: window, groups: groups)), name, parameters: [weight],
            shapes: [shape])
    }

    /// A depthwise convolution: one filter for each channel.
    package mutating func depthwise(_ name: String, kernel: Int, stride: Int = 1, padding: Int = 0)
        throws(SemblanceError)
    {
        let channels = current.shape.channels
        try convolution(
            name, channels: channels, kernel: kernel, stride: stride, padding: padding, groups: channels)
    }

    package mutating func batchNorm(_ name: String) throws(SemblanceError) {
        let shape: Shape = [current.shape.channels]
        let names = [
            parameter("\(name).weight", .gamma, shape) { _ in 1 },
            parameter("\(name).bias", .beta, shape) { _ in 0 },
            parameter("\(name).running_mean", .runningMean, shape) { _ in 0 },
            parameter("\(name).running_var", .runningVariance, shape) { _ in 1 },
        ]
        try append(
            .batchNorm(BatchNorm()), name, parameters: names, shapes: [Shape](repeating: shape, count: 4))
    }

    package mutating func prelu(_ name: String) throws(SemblanceError) {
        let shape: Shape = [current.shape.channels]
        let slope = parameter("\(name).weight", .slope, shape) { _ in 0.25 }
        try append(.activation(.prelu), name, parameters: [slope], shapes: [shape])
    }

    package mutating func add(_ name: String, _ other: (name: String, shape: Shape)) throws(SemblanceError) {
        try append(.add, name, parameters: [other.name], shapes: [other.shape])
    }

    package mutating func dropout(_ name: String, rate: Float) {
        let dropout = Dropout(
            rate: rate, seed: UInt32(truncatingIfNeeded: seed &+ UInt64(network.nodes.count)))
        network.nodes.append(Node(name: name, op: .dropout(dropout), inputs: [current.name], output: name))
        current.name = name
    }

    /// [N, C, H, W] -> [N, C*H*W].
    package mutating func flatten(_ name: String) throws(SemblanceError) {
        try append(.reshape([0, -1]), name, parameters: [], shapes: [])
    }

    /// Weights start normal with variance 1 / fan-in.
    package mutating func fullyConnected(_ name: String, outputs: Int) throws(SemblanceError) {
        let shape: Shape = [outputs, current.shape.channels]
        let deviation = (1 / Float(current.shape.channels)).squareRoot()
        let weight = parameter("\(name).weight", .weight, shape) { $0.normal() * deviation }
        let bias = parameter("\(name).bias", .bias, [outputs]) { _ in 0 }
        try append(
            .fullyConnected(FullyConnected(hasBias: true)), name, parameters: [weight, bias],
            shapes: [shape, [outputs]])
    }
}
