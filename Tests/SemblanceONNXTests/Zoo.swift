import SemblanceCore

/// Small networks that together hold every operation a model file can hold.
enum Zoo {
    static func network(_ name: String, _ random: inout RandomSource) throws -> Network {
        switch name {
        case "operations": operations(&random)
        case "fused": fused(&random)
        case "matrices": matrices(&random)
        case "functions": functions()
        case "small":
            try Architecture.small.network(size: 32, channels: 1, embedding: 16, seed: random.next())
        case "mobilefacenet": try Architecture.mobileFaceNet.network(size: 32, seed: random.next())
        default: try Architecture.iResNet18.network(size: 32, embedding: 32, seed: random.next())
        }
    }

    static let names = [
        "operations", "fused", "matrices", "functions", "small", "mobilefacenet", "iresnet18",
    ]

    private static func parameter(_ name: String, _ role: ParameterRole, _ shape: Shape) -> Parameter {
        Parameter(name: name, role: role, tensor: Tensor(shape: shape))
    }

    /// Images: windows of odd forms, all activations, broadcasting, concat, slice, transpose, resize.
    private static func operations(_ random: inout RandomSource) -> Network {
        let odd = Window(
            kernel: Extent(3, 2), stride: Extent(1, 2),
            padding: Padding(top: 1, left: 0, bottom: 2, right: 1),
            dilation: Extent(2, 1))
        let pool = Window(
            kernel: Extent(3, 2), stride: Extent(2, 1), padding: Padding(top: 1, left: 0, bottom: 1, right: 1)
        )
        let nodes = [
            Node(
                name: "conv", op: .convolution(Convolution(window: odd, groups: 2, hasBias: true)),
                inputs: ["image", "conv.weight", "conv.bias"], output: "conv"),
            Node(
                name: "bn", op: .batchNorm(BatchNorm(epsilon: 2e-5, momentum: 0.3)),
                inputs: ["conv", "bn.gamma", "bn.beta", "bn.mean", "bn.variance"], output: "bn"),
            Node(name: "prelu", op: .activation(.prelu), inputs: ["bn", "prelu.slope"], output: "prelu"),
            Node(name: "leaky", op: .activation(.leakyRelu(slope: 0.2)), inputs: ["bn"], output: "leaky"),
            Node(name: "gate", op: .activation(.sigmoid), inputs: ["leaky"], output: "gate"),
            Node(name: "mul", op: .multiply, inputs: ["prelu", "gate"], output: "mul"),
            Node(name: "scale", op: .multiply, inputs: ["mul", "scale.factor"], output: "scale"),
            Node(name: "mean", op: .globalAveragePool, inputs: ["scale"], output: "mean"),
            Node(name: "shift", op: .add, inputs: ["scale", "mean"], output: "shift"),
            Node(name: "max", op: .maxPool(pool), inputs: ["shift"], output: "max"),
            Node(
                name: "average", op: .averagePool(AveragePool(window: pool, countsPadding: true)),
                inputs: ["shift"], output: "average"),
            Node(
                name: "inner", op: .averagePool(AveragePool(window: pool, countsPadding: false)),
                inputs: ["shift"], output: "inner"),
            Node(
                name: "concat", op: .concat(axis: 1), inputs: ["max", "average", "inner"], output: "concat"),
            Node(name: "relu", op: .activation(.relu), inputs: ["concat"], output: "relu"),
            Node(name: "part", op: .slice(axis: 1, start: 3, count: 8), inputs: ["relu"], output: "part"),
            Node(name: "large", op: .resizeNearest(Extent(2, 3)), inputs: ["part"], output: "large"),
            Node(name: "nhwc", op: .transpose([0, 2, 3, 1]), inputs: ["large"], output: "nhwc"),
            Node(name: "rows", op: .reshape([0, -1, 8]), inputs: ["nhwc"], output: "rows"),
        ]
        let parameters = [
            parameter("conv.weight", .weight, [6, 2, 3, 2]), parameter("conv.bias", .bias, [6]),
            parameter("bn.gamma", .gamma, [6]), parameter("bn.beta", .beta, [6]),
            parameter("bn.mean", .runningMean, [6]), parameter("bn.variance", .runningVariance, [6]),
            parameter("prelu.slope", .slope, [6]), parameter("scale.factor", .constant, [1, 6, 1, 1]),
        ]
        return Network(
            name: "operations", inputName: "image", inputShape: [4, 9, 8], nodes: nodes,
            parameters: parameters,
            outputNames: ["mean", "rows"]
        ).randomised(&random)
    }

    /// Convolutions with everything that can be fused into them.
    private static func fused(_ random: inout RandomSource) -> Network {
        let same = Window(kernel: Extent(3), padding: Padding(1))
        let nodes = [
            Node(
                name: "a", op: .convolution(Convolution(window: same, activation: .prelu)),
                inputs: ["input", "a.weight", "a.slope"], output: "a"),
            Node(
                name: "b",
                op: .convolution(
                    Convolution(
                        window: same, hasBias: true, hasResidual: true, activation: .leakyRelu(slope: 0.1))),
                inputs: ["a", "b.weight", "b.bias", "a"], output: "b"),
            Node(
                name: "c", op: .convolution(Convolution(window: same, hasResidual: true)),
                inputs: ["b", "b.weight", "a"], output: "c"),
        ]
        let parameters = [
            parameter("a.weight", .weight, [5, 3, 3, 3]), parameter("a.slope", .slope, [5]),
            parameter("b.weight", .weight, [5, 5, 3, 3]), parameter("b.bias", .bias, [5]),
        ]
        return Network(
            name: "fused", inputShape: [3, 6, 7], nodes: nodes, parameters: parameters, outputNames: ["c"]
        ).randomised(&random)
    }

    /// Matrices: PReLU and batch norm of them, products with and without bias, dropout, L2 normalisation.
    private static func matrices(_ random: inout RandomSource) -> Network {
        let nodes = [
            Node(name: "flatten", op: .reshape([0, -1]), inputs: ["input"], output: "flatten"),
            Node(
                name: "fc1", op: .fullyConnected(FullyConnected(hasBias: false)),
                inputs: ["flatten", "fc1.weight"],
                output: "fc1"),
            Node(name: "bn", op: .batchNorm(BatchNorm()), inputs: ["fc1", "g", "b", "m", "v"], output: "bn"),
            Node(name: "prelu", op: .activation(.prelu), inputs: ["bn", "slope"], output: "prelu"),
            Node(
                name: "drop", op: .dropout(Dropout(rate: 0.25, seed: 77)), inputs: ["prelu"], output: "drop"),
            Node(
                name: "fc2", op: .fullyConnected(FullyConnected(hasBias: true)),
                inputs: ["drop", "fc2.weight", "fc2.bias"], output: "fc2"),
            Node(name: "shift", op: .add, inputs: ["fc2", "offset"], output: "shift"),
            Node(name: "unit", op: .l2Normalise(epsilon: 1e-6), inputs: ["shift"], output: "unit"),
        ]
        let parameters = [
            parameter("fc1.weight", .weight, [10, 36]), parameter("g", .gamma, [10]),
            parameter("b", .beta, [10]),
            parameter("m", .runningMean, [10]), parameter("v", .runningVariance, [10]),
            parameter("slope", .slope, [10]), parameter("fc2.weight", .weight, [7, 10]),
            parameter("fc2.bias", .bias, [7]), parameter("offset", .constant, [1, 7]),
        ]
        return Network(
            name: "matrices", inputShape: [1, 6, 6], nodes: nodes, parameters: parameters,
            outputNames: ["unit"]
        ).randomised(&random)
    }

    /// Activations without parameters, softmax, quotients, padding in all modes, bilinear resizing.
    private static func functions() -> Network {
        func node(_ op: Op, _ inputs: String..., as output: String) -> Node {
            Node(name: output, op: op, inputs: inputs, output: output)
        }
        func function(_ activation: Activation, _ input: String, as output: String) -> Node {
            node(.activation(activation), input, as: output)
        }
        func pad(_ mode: Pad.Mode, _ input: String, as output: String) -> Node {
            node(.pad(Pad(before: [0, 1, 0, 2], after: [0, 0, 1, 1], mode: mode)), input, as: output)
        }
        func resize(
            _ size: Extent, _ coordinates: ResizeLinear.Coordinates, _ input: String, as output: String
        ) -> Node {
            node(.resizeLinear(ResizeLinear(size: size, coordinates: coordinates)), input, as: output)
        }
        let nodes = [
            function(.tanh, "input", as: "tanh"),
            function(.hardSigmoid(alpha: 0.3, beta: 0.4), "tanh", as: "gate"),
            function(.hardSwish, "tanh", as: "swish"),
            function(.clip(low: -0.25, high: 0.2), "swish", as: "clip"),
            function(.clip(low: -.infinity, high: 0.5), "input", as: "below"),
            function(.clip(low: 0.25, high: .infinity), "input", as: "above"),
            function(.squareRoot, "gate", as: "root"),
            function(.power(exponent: 2.5), "above", as: "power"),
            node(.divide, "clip", "root", as: "quotient"),
            node(.softmax(axis: 1), "quotient", as: "channels"),
            node(.globalAveragePool, "power", as: "mean"),
            node(.divide, "channels", "mean", as: "ratio"),
            pad(.constant(0.5), "ratio", as: "constant"),
            pad(.reflect, "constant", as: "reflected"),
            pad(.edge, "below", as: "edge"),
            resize(Extent(9, 5), .halfPixel, "reflected", as: "half"),
            resize(Extent(4, 11), .alignCorners, "half", as: "corners"),
            resize(Extent(7, 3), .asymmetric, "edge", as: "asymmetric"),
            node(.softmax(axis: 3), "asymmetric", as: "columns"),
        ]
        return Network(
            name: "functions", inputShape: [3, 6, 4], nodes: nodes, parameters: [],
            outputNames: ["corners", "columns"])
    }
}
