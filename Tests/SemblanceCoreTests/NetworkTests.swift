import SemblanceCore
import SemblanceTestSupport
import Testing

/// Networks and the passes over them, through the reference.
@Suite struct NetworkTests {
    /// Statistics, scales and slopes that differ from their start, so that folding has something to get wrong.
    private static func stirred(_ network: Network, seed: UInt64) -> Network {
        var network = network
        var random = RandomSource(seed: seed)
        for index in network.parameters.indices {
            let count = network.parameters[index].tensor.values.count
            let range: ClosedRange<Float>
            switch network.parameters[index].role {
            case .gamma, .runningVariance: range = 0.6...1.4
            case .beta, .runningMean, .bias: range = -0.4...0.4
            case .slope: range = 0.1...0.4
            case .weight, .constant: continue
            }
            network.parameters[index].tensor.values = (0..<count).map { _ in random.uniform(range) }
        }
        return network
    }

    private static func outputs(_ network: Network, batch: Int, input: [Float]) throws -> [Double] {
        let program = try Program.inference(network, batch: batch)
        let plan = ReferenceBackend().plan(program)
        try plan.write(input, to: #require(program.value(named: network.inputName)))
        try plan.run()
        return try plan.tensor(#require(program.value(named: network.outputNames[0]))).values
    }

    @Test(arguments: [Architecture.small, .mobileFaceNet, .iResNet18])
    func foldingAndFusionKeepTheFunction(architecture: Architecture) throws {
        let seed = UInt64.random(in: .min ... .max)
        let network = Self.stirred(
            try architecture.network(size: 32, channels: 1, embedding: 16, seed: seed), seed: seed)
        let optimised = network.optimised()
        var random = RandomSource(seed: seed, stream: 9)
        let batch = 2
        let input = (0..<network.inputShape(batch: batch).count).map { _ in random.normal() }
        let want = try Self.outputs(network, batch: batch, input: input)
        let got = try Self.outputs(optimised, batch: batch, input: input)
        let failure = Tolerance.relativeToLargest(Tolerances.folding)
            .failure(got: got.map { Float($0) }, want: want, shape: [batch, 16])
        #expect(failure == nil, "\(architecture), seed \(seed)")

        // Everything that can go is gone.
        let names = Set(optimised.nodes.map(\.op.name))
        #expect(!names.contains("dropout"))
        #expect(optimised.nodes.count < network.nodes.count / 2)
        if architecture != .iResNet18 {
            #expect(!names.contains("batchNorm") && !names.contains("activation"))
        }
        #expect(Set(optimised.parameters.map(\.name)).isSubset(of: optimised.nodes.flatMap(\.inputs)))
    }

    /// Heads of a detector: narrow convolutions of one value, with depthwise ones behind all of them or only some.
    @Test(arguments: [3, 2])
    func narrowSiblingsBecomeOne(depthwise: Int) throws {
        let seed = UInt64.random(in: .min ... .max)
        var random = RandomSource(seed: seed)
        var network = Network(
            name: "heads", inputShape: [5, 6, 7], nodes: [], parameters: [], outputNames: ["joined"])
        func layer(_ name: String, _ convolution: Convolution, _ weight: Shape, from source: String) {
            for (suffix, shape) in [("weight", weight), ("bias", [weight[0]])] {
                let values = (0..<shape.count).map { _ in random.normal() }
                network.parameters.append(
                    Parameter(
                        name: "\(name).\(suffix)", role: suffix == "bias" ? .bias : .weight,
                        tensor: Tensor(shape: shape, values: values)))
            }
            network.nodes.append(
                Node(
                    name: name, op: .convolution(convolution),
                    inputs: [source, "\(name).weight", "\(name).bias"],
                    output: name))
        }
        var heads: [String] = []
        for (index, channels) in [1, 4, 3].enumerated() {
            let pointwise = Convolution(window: Window(kernel: Extent(1)), hasBias: true)
            layer("point\(index)", pointwise, [channels, 5, 1, 1], from: "input")
            heads.append("point\(index)")
            guard index < depthwise else { continue }
            let spatial = Convolution(
                window: Window(kernel: Extent(3), padding: Padding(1)), groups: channels, hasBias: true)
            layer("depth\(index)", spatial, [channels, 1, 3, 3], from: "point\(index)")
            heads[index] = "depth\(index)"
        }
        network.nodes.append(
            Node(name: "joined", op: .concat(axis: 1), inputs: heads.reversed(), output: "joined"))

        let optimised = network.optimised()
        func convolutions(_ network: Network) -> Int {
            network.nodes.filter { $0.op.name == "convolution" }.count
        }
        #expect(convolutions(network) == 3 + depthwise)
        #expect(convolutions(optimised) == (depthwise == 3 ? 2 : 1 + depthwise))
        let input = (0..<network.inputShape(batch: 2).count).map { _ in random.normal() }
        // Nothing is computed differently.
        #expect(
            try Self.outputs(network, batch: 2, input: input)
                == Self.outputs(optimised, batch: 2, input: input), "seed \(seed)")
    }

    @Test func sizesThatMakeNoSenseAreRefused() {
        for (size, channels, embedding) in [
            (33, 3, 128), (16, 3, 128), (1024, 3, 128), (64, 2, 128), (64, 3, 4),
        ] {
            let error = #expect(throws: SemblanceError.self) {
                try Architecture.small.network(size: size, channels: channels, embedding: embedding, seed: 1)
            }
            #expect(error?.code == .usage)
            #expect(error?.remedy != nil)
        }
    }

    @Test func seedsDecideTheWeights() throws {
        func weights(_ seed: UInt64) throws -> [[Float]] {
            try Architecture.small.network(size: 32, seed: seed).parameters.map(\.tensor.values)
        }
        #expect(try weights(5) == weights(5))
        #expect(try weights(5) != weights(6))
    }

    /// Parameter counts as published for these networks, classifier and statistics aside.
    @Test(arguments: [
        (Architecture.iResNet18, 24_020_000), (.iResNet50, 43_590_000), (.iResNet100, 65_150_000),
    ])
    func parameterCounts(architecture: Architecture, expected: Int) throws {
        let count = try architecture.network(size: 112, seed: 1).parameterCount
        #expect(abs(count - expected) < expected / 200, "\(count)")
    }

    @Test func namesThatNothingDefines() throws {
        var network = try Architecture.small.network(size: 32, seed: 1)
        network.nodes[3].inputs[0] = "nowhere"
        let error = #expect(throws: SemblanceError.self) { try Program.inference(network, batch: 1) }
        #expect(error?.code == .invalidModel)
        #expect(error?.message.contains("nowhere") == true)
    }
}
