import SemblanceCore
import SemblanceTestSupport
import SemblanceTraining
import Testing

/// Whole networks on the CPU and on OpenCL: embeddings, and the losses of a training run.
@Suite struct NetworkAgreementTests {
    private func embeddings(_ network: Network, batch: Int, images: [Float], on backend: any Backend) throws
        -> (rows: [[Float]], plan: any Plan)
    {
        let program = try Program.inference(network, batch: batch)
        let input = try #require(program.value(named: network.inputName))
        let output = try #require(program.value(named: network.outputNames[0]))
        var options = PlanOptions()
        options.profiles = true
        options.poisons = true
        let plan = try backend.prepare(program, options: options)
        try plan.write(images, to: input)
        try plan.run()
        let values = try plan.read(output)
        let width = values.count / batch
        return ((0..<batch).map { Array(values[$0 * width..<($0 + 1) * width]) }, plan)
    }

    private func cosine(_ a: [Float], _ b: [Float]) -> Double {
        func dot(_ a: [Float], _ b: [Float]) -> Double {
            zip(a, b).reduce(0) { $0 + Double($1.0) * Double($1.1) }
        }
        return dot(a, b) / (dot(a, a) * dot(b, b)).squareRoot()
    }

    @Test(
        .enabled(if: TestBackend.all.contains(.opencl)),
        arguments: [Architecture.iResNet18, .mobileFaceNet])
    func embeddingsAgree(architecture: Architecture) throws {
        let seed = UInt64.random(in: .min ... .max), batch = 3
        let network = try architecture.network(size: 112, seed: seed).withRandomStatistics(seed: seed)
        var random = RandomSource(seed: seed, stream: 2)
        let images = (0..<batch * network.inputShape.count).map { _ in random.uniform(-1...1) }
        let plain = try embeddings(network, batch: batch, images: images, on: TestBackend.cpu.backend)
        let cpu = try embeddings(
            network.optimised(), batch: batch, images: images, on: TestBackend.cpu.backend)
        let openCL = try embeddings(
            network.optimised(), batch: batch, images: images, on: TestBackend.opencl.backend)
        for row in 0..<batch {
            #expect(
                cosine(cpu.rows[row], plain.rows[row]) > Tolerances.embeddingCosine, "folding; seed \(seed)")
            #expect(cosine(cpu.rows[row], openCL.rows[row]) > Tolerances.embeddingCosine, "seed \(seed)")
        }

        // Each convolution took the path that is meant for it, on the device: its own kernels, with times from the device's events.
        let convolutions = network.nodes.compactMap { node in
            if case .convolution(let convolution) = node.op { convolution } else { nil }
        }
        let depthwise = convolutions.filter { $0.groups > 1 }.count
        let kernels = openCL.plan.kernels
        #expect(kernels.filter { $0.contains("depthwise") }.count == depthwise)
        let products = kernels.filter { $0.contains("gemm") }.count
        #expect(products >= convolutions.count - depthwise, "\(kernels)")
        let timings = try openCL.plan.timings()
        #expect(timings.count == kernels.count)
        #expect(timings.allSatisfy { $0.seconds > 0 })
        // On the CPU nothing may fall to oneDNN's reference code, which is a hundred times slower.
        #expect(cpu.plan.kernels.allSatisfy { !$0.contains("ref:any") }, "\(cpu.plan.kernels)")
    }

    /// Fifty layers of the CPU's Winograd against direct sums, which OpenCL devices of kind CPU compute.
    @Test(.enabled(if: TestBackend.all.contains(.opencl)), arguments: [1, 4])
    func winogradKeepsEmbeddings(batch: Int) throws {
        let seed = UInt64.random(in: .min ... .max)
        let network = try Architecture.iResNet50.network(size: 112, seed: seed)
            .withRandomStatistics(seed: seed).optimised()
        var random = RandomSource(seed: seed, stream: 2)
        let images = (0..<batch * network.inputShape.count).map { _ in random.uniform(-1...1) }
        let cpu = try embeddings(network, batch: batch, images: images, on: TestBackend.cpu.backend)
        let direct = try embeddings(network, batch: batch, images: images, on: TestBackend.opencl.backend)
        #expect(!direct.plan.kernels.contains { $0.lowercased().contains("wino") })
        let cosines = (0..<batch).map { cosine(cpu.rows[$0], direct.rows[$0]) }
        print("IResNet-50 by \(Set(cpu.plan.kernels)) against direct sums: cosines \(cosines)")
        #expect(cosines.allSatisfy { $0 > Tolerances.algorithmCosine }, "\(cosines), seed \(seed)")
    }

    /// Activations in half: less memory, nearly the same directions, and the same bits again.
    @Test(
        .enabled(if: TestBackend.all.contains(.opencl)),
        arguments: [Architecture.iResNet18, .mobileFaceNet])
    func embeddingsInHalfAgree(architecture: Architecture) throws {
        let seed = UInt64.random(in: .min ... .max), batch = 3
        let network = try architecture.network(size: 112, seed: seed).withRandomStatistics(seed: seed)
            .optimised()
        var random = RandomSource(seed: seed, stream: 2)
        let images = (0..<batch * network.inputShape.count).map { _ in random.uniform(-1...1) }
        let single = try embeddings(network, batch: batch, images: images, on: TestBackend.opencl.backend)
        let half = try embeddings(network, batch: batch, images: images, on: TestBackend.halfBackend)
        for row in 0..<batch {
            let cosine = cosine(single.rows[row], half.rows[row])
            print("\(architecture), in half against float: cosine \(cosine)")
            #expect(cosine > Tolerances.halfCosine, "seed \(seed)")
        }
        #expect(half.rows != single.rows, "nothing was stored in half")
        #expect(half.plan.memory < single.plan.memory)
        #expect(
            try embeddings(network, batch: batch, images: images, on: TestBackend.halfBackend).rows
                == half.rows)
    }

    /// The losses of `steps` steps of SGD with ArcFace on a few fixed batches.
    private func losses(
        _ architecture: Architecture, rate: Float, steps: Int = 20, seed: UInt64, on backend: any Backend
    ) throws -> [Float] {
        let batch = 4, classes = 8
        let training = try TrainingProgram(
            network: architecture.network(size: 32, seed: seed), classes: classes, batch: batch,
            loss: .arcFace(margin: 0.5, scale: 64), optimiser: .sgd(momentum: 0.9, weightDecay: 5e-4),
            precision: backend.precision, seed: seed)
        let plan = try backend.prepare(training.program, options: PlanOptions())
        var random = RandomSource(seed: seed, stream: 3)
        let count = training.program.shape(of: training.images).count
        let batches = (0..<2).map { _ in (0..<count).map { _ in random.uniform(-1...1) } }
        var hyper = [Float](repeating: 0, count: Hyperparameter.count)
        hyper[Hyperparameter.learningRate.rawValue] = rate
        // Batch norms over four images are chaotic: a rounding error grows tenfold a step where steps are long. Short ones keep
        // what is compared above what chaos makes of it, on both sides alike.
        hyper[Hyperparameter.clipNorm.rawValue] = 0.005
        if let id = training.lossScale {
            hyper[Hyperparameter.lossScaleExponent.rawValue] = 6
            try plan.write([64], to: id)
        }
        try plan.write(hyper, to: training.hyper)
        return try (0..<steps).map { step in
            try plan.write(batches[step % 2], to: training.images)
            try plan.write((0..<batch).map { Float($0 + step % 2 * batch) }, to: training.labels)
            try plan.write([Float(step)], to: training.step)
            try plan.run()
            return try plan.read(training.losses).reduce(0, +) / Float(batch)
        }
    }

    /// In half, with a scaled loss, against single precision on the same device.
    @Test(
        .enabled(if: TestBackend.all.contains(.opencl)),
        arguments: [Architecture.iResNet18, .mobileFaceNet])
    func trainingInHalfAgrees(architecture: Architecture) throws {
        let seed: UInt64 = 20, rate: Float = 0.1
        let single = try losses(architecture, rate: rate, seed: seed, on: TestBackend.opencl.backend)
        let half = try losses(architecture, rate: rate, seed: seed, on: TestBackend.halfBackend)
        print("losses of \(architecture) in float: \(single)\nin half: \(half)")
        #expect(half.suffix(4).reduce(0, +) < half.prefix(4).reduce(0, +), "the loss must fall: \(half)")
        #expect(half != single, "nothing was stored in half")
        #expect(distance(single, half) <= Float(Tolerances.halfLossCurve), "\(single)\n\(half)")
    }

    /// A gradient beyond half's numbers reaches no weight, and one within them does.
    @Test(.enabled(if: TestBackend.all.contains(.opencl)))
    func overflowsChangeNoWeights() throws {
        let batch = 4
        let training = try TrainingProgram(
            network: Architecture.small.network(size: 32, seed: 3), classes: 8, batch: batch,
            loss: .arcFace(margin: 0.5, scale: 64), optimiser: .sgd(momentum: 0.9, weightDecay: 5e-4),
            precision: .half, seed: 3)
        let plan = try TestBackend.halfBackend.prepare(training.program, options: PlanOptions())
        var random = RandomSource(seed: .random(in: .min ... .max))
        let count = training.program.shape(of: training.images).count
        try plan.write((0..<count).map { _ in random.uniform(-1...1) }, to: training.images)
        try plan.write((0..<batch).map(Float.init), to: training.labels)
        try plan.write([0], to: training.step)
        let before = try plan.read(training.parameters)
        for (exponent, overflows) in [(30, true), (4, false)] {
            var hyper = [Float](repeating: 0, count: Hyperparameter.count)
            hyper[Hyperparameter.learningRate.rawValue] = 0.1
            hyper[Hyperparameter.clipNorm.rawValue] = 5
            hyper[Hyperparameter.lossScaleExponent.rawValue] = Float(exponent)
            try plan.write(hyper, to: training.hyper)
            try plan.write([Float(1 << exponent)], to: try #require(training.lossScale))
            try plan.run()
            #expect(try plan.read(training.losses).allSatisfy { $0.isFinite })
            #expect(try plan.read(training.squaredGradientNorm)[0].isFinite != overflows)
            #expect(try (plan.read(training.parameters) == before) == overflows)
        }
    }

    /// The largest relative difference of two runs' losses at one step.
    private func distance(_ a: [Float], _ b: [Float]) -> Float {
        zip(a, b).map { abs($0 - $1) / max(abs($0), abs($1)) }.max() ?? .infinity
    }

    @Test(
        .enabled(if: TestBackend.all.contains(.opencl)),
        arguments: [Architecture.iResNet18, .mobileFaceNet])
    func trainingAgrees(architecture: Architecture) throws {
        let seed: UInt64 = 20, rate: Float = 0.1
        let cpu = try losses(architecture, rate: rate, seed: seed, on: TestBackend.cpu.backend)
        let openCL = try losses(architecture, rate: rate, seed: seed, on: TestBackend.opencl.backend)
        print("losses of \(architecture) on the CPU: \(cpu)\non OpenCL: \(openCL)")
        #expect(cpu.suffix(4).reduce(0, +) < cpu.prefix(4).reduce(0, +), "the loss must fall: \(cpu)")
        #expect(distance(cpu, openCL) <= Float(Tolerances.lossCurve), "\(cpu)\n\(openCL)")

        // The comparison notices an optimiser that does half of its work.
        let halved = try losses(architecture, rate: rate / 2, seed: seed, on: TestBackend.opencl.backend)
        #expect(distance(cpu, halved) > Float(Tolerances.lossCurve))
    }
}
