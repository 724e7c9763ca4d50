import SemblanceCore
import SemblanceTestSupport
import SemblanceTraining
import Testing

/// Optimisers over several steps, and the whole training loop, against PyTorch.
@Suite struct TorchTrainingTests {
    @Test(arguments: TestBackend.withReference) func optimisers(backend: TestBackend) throws {
        for vector in try TorchVector.load("optimiser") {
            func attribute(_ name: String) throws -> Float { Float(try vector.attribute(name)) }
            let isSGD = vector.attributes["sgd"] != nil
            let op: Op =
                try isSGD
                ? .sgd(SGD(momentum: attribute("momentum"), weightDecay: attribute("weightDecay")))
                : .adamW(
                    AdamW(
                        beta1: attribute("beta1"), beta2: attribute("beta2"), epsilon: attribute("epsilon"),
                        weightDecay: attribute("weightDecay")))
            let start = try vector.tensor("start").values.map { Float($0) }
            let gradients = try vector.tensor("gradients"), want = try vector.tensor("parameters")
            let count = start.count

            var program = Program()
            let gradient = program.add("gradient", [count], .input)
            let hyper = program.add("hyper", [Hyperparameter.count], .input)
            let norm = program.add("squared norm", [1], .output)
            let parameter = program.add("parameter", [count], .state, initial: start)
            let moments = (0..<(isSGD ? 1 : 2)).map { program.add("moment \($0)", [count], .state) }
            program.append(.sumOfSquares, [gradient], into: [norm])
            program.append(op, [gradient, hyper, norm], into: [parameter] + moments)
            let plan = try backend.backend.prepare(program, options: PlanOptions())

            var (beta1, beta2): (Float, Float) = (1, 1)
            for step in 0..<5 {
                let part = step * count..<(step + 1) * count
                var values = [Float](repeating: 0, count: Hyperparameter.count)
                values[Hyperparameter.learningRate.rawValue] = try attribute("rate")
                let clip = try attribute("clip")
                values[Hyperparameter.clipNorm.rawValue] = clip > 0 ? clip : .infinity
                if !isSGD {
                    beta1 *= try attribute("beta1")
                    beta2 *= try attribute("beta2")
                    values[Hyperparameter.firstMomentCorrection.rawValue] = 1 / (1 - beta1)
                    values[Hyperparameter.secondMomentCorrection.rawValue] = 1 / (1 - beta2)
                }
                try plan.write(values, to: hyper)
                try plan.write(gradients.values[part].map { Float($0) }, to: gradient)
                try plan.run()
                let failure = Tolerance.relativeToLargest(Tolerances.torch)
                    .failure(got: try plan.read(parameter), want: Array(want.values[part]), shape: [count])
                #expect(failure == nil, "step \(step) of \(vector.name) on \(backend)")
            }
        }
    }

    /// Six steps of a small network with ArcFace and SGD: losses, weights and running statistics.
    @Test(arguments: TestBackend.withReference) func training(backend: TestBackend) throws {
        let vector = try #require(try TorchVector.load("training").first)
        func attribute(_ name: String) throws -> Float { Float(try vector.attribute(name)) }
        let images = try vector.tensor("images"), labels = try vector.tensor("labels")
        let (steps, batch) = (images.shape[0], images.shape[1])
        let training = try TrainingProgram(
            network: network(vector, input: Shape(Array(images.shape[2...]))),
            classes: vector.tensor("start head.weight").shape[0], batch: batch,
            loss: .arcFace(margin: attribute("margin"), scale: attribute("scale")),
            optimiser: .sgd(momentum: attribute("momentum"), weightDecay: attribute("weightDecay")), seed: 1)
        let plan = try backend.backend.prepare(training.program, options: PlanOptions())

        // The trainer seeds the classifier itself: give it the vector's.
        var parameters = try plan.read(training.parameters)
        for entry in training.parameterEntries {
            let start = try vector.tensor("start " + entry.name).values.map { Float($0) }
            parameters.replaceSubrange(entry.offset..<entry.offset + start.count, with: start)
        }
        try plan.write(parameters, to: training.parameters)

        var hyper = [Float](repeating: 0, count: Hyperparameter.count)
        hyper[Hyperparameter.learningRate.rawValue] = try attribute("rate")
        hyper[Hyperparameter.clipNorm.rawValue] = try attribute("clip")
        let imageCount = images.values.count / steps
        var losses: [Float] = []
        for step in 0..<steps {
            try plan.write(
                images.values[step * imageCount..<(step + 1) * imageCount].map { Float($0) },
                to: training.images)
            try plan.write(
                labels.values[step * batch..<(step + 1) * batch].map { Float($0) }, to: training.labels)
            try plan.write(hyper, to: training.hyper)
            try plan.write([Float(step)], to: training.step)
            try plan.run()
            losses += try plan.read(training.losses)
        }
        try vector.expect(losses, is: "losses", "training", on: backend, tolerance: Tolerances.torchTraining)
        parameters = try plan.read(training.parameters)
        let statistics = try plan.read(training.statistics)
        for (entries, values) in [
            (training.parameterEntries, parameters), (training.statisticEntries, statistics),
        ] {
            for entry in entries {
                try vector.expect(
                    Array(values[entry.offset..<entry.offset + entry.shape.count]), is: "end " + entry.name,
                    "training", on: backend, tolerance: Tolerances.torchTraining)
            }
        }
    }

    private func network(_ vector: TorchVector, input: Shape) throws -> Network {
        func convolution(stride: Int) -> Op {
            .convolution(
                Convolution(
                    window: Window(kernel: Extent(3), stride: Extent(stride), padding: Padding(1))))
        }
        func norm(_ name: String) -> [String] {
            ["\(name).weight", "\(name).bias", "\(name).running_mean", "\(name).running_var"]
        }
        let nodes = [
            Node(name: "conv", op: convolution(stride: 2), inputs: ["input", "conv.weight"], output: "a"),
            Node(name: "bn", op: .batchNorm(BatchNorm()), inputs: ["a"] + norm("bn"), output: "b"),
            Node(name: "prelu", op: .activation(.prelu), inputs: ["b", "prelu.weight"], output: "c"),
            Node(name: "conv2", op: convolution(stride: 1), inputs: ["c", "conv2.weight"], output: "d"),
            Node(name: "bn2", op: .batchNorm(BatchNorm()), inputs: ["d"] + norm("bn2"), output: "e"),
            Node(name: "add", op: .add, inputs: ["e", "c"], output: "f"),
            Node(name: "flatten", op: .reshape([0, -1]), inputs: ["f"], output: "g"),
            Node(
                name: "fc", op: .fullyConnected(FullyConnected(hasBias: true)),
                inputs: ["g", "fc.weight", "fc.bias"], output: "embedding"),
        ]
        let roles: [(String, ParameterRole)] = [
            ("conv.weight", .weight), ("bn.weight", .gamma), ("bn.bias", .beta), ("prelu.weight", .slope),
            ("conv2.weight", .weight), ("bn2.weight", .gamma), ("bn2.bias", .beta), ("fc.weight", .weight),
            ("fc.bias", .bias),
        ]
        var parameters = try roles.map { name, role in
            let start = try vector.tensor("start " + name)
            return Parameter(
                name: name, role: role,
                tensor: Tensor(shape: Shape(start.shape), values: start.values.map { Float($0) }))
        }
        for name in ["bn", "bn2"] {
            let zeros = Tensor(shape: [6]), ones = Tensor(shape: [6], repeating: 1)
            parameters.append(Parameter(name: "\(name).running_mean", role: .runningMean, tensor: zeros))
            parameters.append(Parameter(name: "\(name).running_var", role: .runningVariance, tensor: ones))
        }
        return Network(
            name: "small", inputShape: input, nodes: nodes, parameters: parameters, outputNames: ["embedding"]
        )
    }
}
