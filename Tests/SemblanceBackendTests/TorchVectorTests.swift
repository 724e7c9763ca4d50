import SemblanceCore
import SemblanceTestSupport
import Testing

/// The reference and every backend against PyTorch.
@Suite struct TorchVectorTests {
    @Test(arguments: TestBackend.withReference) func convolution(backend: TestBackend) throws {
        for vector in try TorchVector.load("convolution") {
            let groups = Int(try vector.attribute("groups"))
            let biased = Convolution(window: try vector.window(), groups: groups, hasBias: true)
            try vector.expect(.convolution(biased), ["x", "weight", "bias"], gives: ["y"], on: backend)
            try vector.expect(
                .convolutionInputGradient(biased.bare), ["dy", "weight"], gives: ["dx"], on: backend)
            try vector.expect(
                .convolutionWeightGradient(biased.bare), ["x", "dy"], gives: ["dweight"], on: backend)
            try vector.expect(.biasGradient, ["dy"], gives: ["dbias"], on: backend)
        }
    }

    @Test(arguments: TestBackend.withReference) func batchNorm(backend: TestBackend) throws {
        for vector in try TorchVector.load("batchNorm") {
            let norm = BatchNorm(
                epsilon: Float(try vector.attribute("epsilon")),
                momentum: Float(try vector.attribute("momentum")))
            if try vector.attribute("training") == 1 {
                try expectTraining(vector, norm, on: backend)
            } else {
                try vector.expect(
                    .batchNorm(norm), ["x", "gamma", "beta", "mean", "variance"], gives: ["y"], on: backend)
                try vector.expect(
                    .batchNormGradient(norm), ["x", "dy", "gamma", "mean", "variance"],
                    gives: ["dx", "dgamma", "dbeta"], on: backend)
            }
        }
    }

    /// Forward and backward in one program: the batch's statistics go from one to the other.
    private func expectTraining(_ vector: TorchVector, _ norm: BatchNorm, on backend: TestBackend) throws {
        var program = Program()
        func add(_ name: String, _ storage: Storage) throws -> ValueID {
            program.add(name, Shape(try vector.tensor(name).shape), storage)
        }
        let inputs = try ["x", "gamma", "beta", "dy"].map { try add($0, .input) }
        let running = try ["mean", "variance"].map { try add($0, .state) }
        let outputs = try ["y", "dx", "dgamma", "dbeta"].map { try add($0, .output) }
        let channels = program.shape(of: inputs[1])
        let statistics = ["batch mean", "inverse deviation"].map { program.add($0, channels, .intermediate) }
        program.append(
            .batchNormTraining(norm), Array(inputs[0...2]), into: [outputs[0]] + statistics + running)
        program.append(
            .batchNormTrainingGradient(norm), [inputs[0], inputs[3], inputs[1]] + statistics,
            into: Array(outputs[1...]))
        let plan = try backend.backend.prepare(program, options: PlanOptions())
        for id in inputs + running {
            try plan.write(vector.tensor(program[id].name).values.map { Float($0) }, to: id)
        }
        try plan.run()
        for id in outputs { try vector.expect(plan.read(id), is: program[id].name, "training", on: backend) }
        try vector.expect(plan.read(running[0]), is: "newMean", "training", on: backend)
        try vector.expect(plan.read(running[1]), is: "newVariance", "training", on: backend)
    }

    @Test(arguments: TestBackend.withReference) func activation(backend: TestBackend) throws {
        for vector in try TorchVector.load("activation") {
            let activations: [String: Activation] = [
                "relu": .relu, "leakyRelu": .leakyRelu(slope: Float(try vector.attribute("slope"))),
                "prelu": .prelu, "sigmoid": .sigmoid,
            ]
            let activation = try #require(activations[vector.name])
            let isPrelu = activation == .prelu
            try vector.expect(
                .activation(activation), isPrelu ? ["x", "slope"] : ["x"], gives: ["y"], on: backend)
            try vector.expect(
                .activationGradient(activation), isPrelu ? ["x", "dy", "slope"] : ["x", "dy"],
                gives: isPrelu ? ["dx", "dslope"] : ["dx"], on: backend)
        }
    }

    @Test(arguments: TestBackend.withReference) func pooling(backend: TestBackend) throws {
        for vector in try TorchVector.load("pooling") {
            let window = try vector.window()
            if vector.name == "max" {
                try vector.expect(.maxPool(window), ["x"], gives: ["y"], on: backend)
                try vector.expect(.maxPoolGradient(window), ["x", "dy"], gives: ["dx"], on: backend)
            } else {
                let pool = AveragePool(
                    window: window, countsPadding: vector.name.hasSuffix("counting padding"))
                try vector.expect(.averagePool(pool), ["x"], gives: ["y"], on: backend)
                try vector.expect(.averagePoolGradient(pool), ["dy"], gives: ["dx"], on: backend)
            }
        }
    }

    @Test(arguments: TestBackend.withReference) func marginSoftmax(backend: TestBackend) throws {
        for vector in try TorchVector.load("marginSoftmax") {
            let m = Float(try vector.attribute("margin"))
            let margin: MarginSoftmax.Margin =
                vector.attributes["arcFace"] != nil
                ? .arcFace(m) : vector.attributes["cosFace"] != nil ? .cosFace(m) : .none
            let loss = MarginSoftmax(margin: margin, scale: Float(try vector.attribute("scale")))
            try vector.expect(
                .marginSoftmax(loss), ["cosines", "labels"], gives: ["losses", "correct"], on: backend)
            try vector.expect(
                .marginSoftmaxGradient(loss), ["cosines", "labels"], gives: ["dcosines"], on: backend)
            try expectWholeHead(vector, loss, on: backend)
        }
    }

    /// From embeddings to the loss and back, through `appendGradients`.
    private func expectWholeHead(_ vector: TorchVector, _ loss: MarginSoftmax, on backend: TestBackend) throws
    {
        var program = Program()
        func add(_ name: String, _ storage: Storage) throws -> ValueID {
            program.add(name, Shape(try vector.tensor(name).shape), storage)
        }
        let inputs = try ["embeddings", "centres", "labels"].map { try add($0, .input) }
        let outputs = try ["losses", "correct", "dembeddings", "dcentres"].map { try add($0, .output) }
        let unit = try inputs[0...1].map {
            try program.append(.l2Normalise(epsilon: 1e-12), [$0], named: "unit")[0]
        }
        let layer = Op.fullyConnected(FullyConnected(hasBias: false))
        let cosines = try program.append(layer, unit, named: "cosines")[0]
        program.append(.marginSoftmax(loss), [cosines, inputs[2]], into: Array(outputs[0...1]))
        try program.appendGradients(into: [inputs[0]: outputs[2], inputs[1]: outputs[3]])
        let plan = try backend.backend.prepare(program, options: PlanOptions())
        for id in inputs { try plan.write(vector.tensor(program[id].name).values.map { Float($0) }, to: id) }
        try plan.run()
        for id in outputs {
            try vector.expect(
                plan.read(id), is: program[id].name, "from embeddings", on: backend,
                tolerance: Tolerances.torchComposed)
        }
    }
}
