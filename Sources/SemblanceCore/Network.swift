/// What a parameter is for: decides weight decay, training and how it is folded.
public enum ParameterRole: String, Sendable, Hashable {
    case weight, bias, gamma, beta, slope, runningMean, runningVariance
    /// Part of the model, never trained.
    case constant

    /// Running statistics follow the batches, not the gradient.
    public var isTrained: Bool {
        switch self {
        case .weight, .bias, .gamma, .beta, .slope: true
        case .runningMean, .runningVariance, .constant: false
        }
    }
}

/// A named tensor of a network.
public struct Parameter: Sendable {
    public var name: String
    public var role: ParameterRole
    public var tensor: Tensor

    public init(name: String, role: ParameterRole, tensor: Tensor) {
        self.name = name
        self.role = role
        self.tensor = tensor
    }
}

/// An operation of a network; inputs name the network's input, other nodes' outputs or parameters.
/// `batchNorm` has its five inputs; whether it takes the batch's statistics is decided by the program that is made of it.
/// `dropout` has one input here.
public struct Node: Sendable {
    public var name: String
    public var op: Op
    public var inputs: [String]
    public var output: String

    public init(name: String, op: Op, inputs: [String], output: String) {
        self.name = name
        self.op = op
        self.inputs = inputs
        self.output = output
    }
}

/// A graph of operations with named parameters, for any batch size and any backend.
public struct Network: Sendable {
    /// The architecture, such as `iresnet50`.
    public var name: String
    public var inputName: String
    /// [C, H, W] of the input.
    public var inputShape: Shape
    /// In an order in which every node comes after what it reads.
    public var nodes: [Node]
    public var parameters: [Parameter]
    public var outputNames: [String]

    public init(
        name: String, inputName: String = "input", inputShape: Shape, nodes: [Node], parameters: [Parameter],
        outputNames: [String]
    ) {
        self.name = name
        self.inputName = inputName
        self.inputShape = inputShape
        self.nodes = nodes
        self.parameters = parameters
        self.outputNames = outputNames
    }

    /// The number of trained parameters.
    public var parameterCount: Int {
        parameters.filter(\.role.isTrained).reduce(0) { $0 + $1.tensor.shape.count }
    }

    /// [N, C, H, W] of the input for a batch.
    public func inputShape(batch: Int) -> Shape { Shape([batch] + inputShape.dimensions) }

    /// How many nodes (and network outputs) read each name.
    package var useCounts: [String: Int] {
        var counts: [String: Int] = [:]
        for name in nodes.flatMap(\.inputs) + outputNames { counts[name, default: 0] += 1 }
        return counts
    }

    package var parameterIndex: [String: Int] {
        Dictionary(uniqueKeysWithValues: parameters.enumerated().map { ($1.name, $0) })
    }
}
