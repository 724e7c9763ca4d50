import SemblanceCore
import SemblanceOpenCL
import SemblanceTestSupport
import Testing

/// Choices of a tuning table in plans: the kernels are those that were chosen, and the results are right.
@Suite(.needsOpenCL) struct TunedPlanTests {
    private func backend(_ traits: DeviceTraits, _ choices: TuningChoices) throws -> OpenCLBackend {
        let backend = try OpenCLBackend(TestDevice.device(), traits: traits, tuning: .off)
        return OpenCLBackend(sharing: backend, choices: choices)
    }

    private func tunable(_ opCase: OpCase, on traits: DeviceTraits) throws -> Tunable {
        try #require(
            Tunable(
                opCase.op, inputs: opCase.inputs.map(\.shape), outputs: opCase.outputs.map(\.shape),
                on: traits))
    }

    /// Whether a plan's kernels are those of a choice, which its description begins with.
    private func show(_ choice: String, _ kernels: Set<String>) -> Bool {
        let isImplicit = !kernels.isDisjoint(with: ["implicit_gemm", "implicit_weight_gradient"])
        switch choice.split(separator: " ")[0] {
        case "implicit":
            return isImplicit && !kernels.contains { $0.hasPrefix("winograd") }
                && (!choice.contains(" in ") || choice.hasSuffix(" in 1") || kernels.contains("gemm_reduce"))
        case "winograd2": return kernels.contains("winograd_output_2")
        case "winograd4": return kernels.contains("winograd_output_4")
        case "im2col":
            return !isImplicit && kernels.contains { $0.hasPrefix("im2col") || $0.hasPrefix("col2im") }
        case "clblast": return kernels.contains("clblast.gemm")
        case "tiled":
            return kernels.contains("gemm_tiled")
                && (!choice.contains(" in ") || kernels.contains("gemm_reduce") != choice.hasSuffix(" in 1"))
        case "vector": return kernels.contains { $0.hasPrefix("gemm_vector") }
        default: return false
        }
    }

    /// The precision and the probe decide on tensor cores: a table neither holds their convolutions nor changes them.
    @Test func tensorCoresLeaveNoConvolutionToTune() throws {
        let traits = TestDevice.Guise.tensorHalf.traits(of: try TestDevice.device())
        for name in [
            "convolution [1x64x15x13] -> 96, 3x3 padding 1,1,1,1",
            "convolutionInputGradient [1x64x8x8] -> 64, 3x3",
            "convolutionWeightGradient [1x64x8x8] -> 64, 3x3",
        ] {
            let opCase = try #require(OpCase.all.first { $0.name == name }, "\(name)")
            let inputs = opCase.inputs.map(\.shape), outputs = opCase.outputs.map(\.shape)
            #expect(Tunable(opCase.op, inputs: inputs, outputs: outputs, on: traits) == nil)

            // What was chosen for floats does not count either.
            let choices = try tunable(opCase, on: TestDevice.device().traits).candidates(
                .algorithms, after: [], on: TestDevice.device().traits)
            var tuned = traits
            tuned.tuned = try #require(choices.last)
            let launches = try opCase.op.launches(inputs: inputs, outputs: outputs, on: tuned)
            #expect(
                launches.contains {
                    ["tensor_gemm_half", "tensor_weight_gradient_half"].contains($0.function)
                })
        }
    }

    /// Every candidate of every stage, for a convolution, its gradients and a fully connected layer.
    @Test(arguments: [true, false])
    func everyCandidateIsTakenAndRight(isGPU: Bool) throws {
        var traits = try TestDevice.device().traits
        (traits.isGPU, traits.computeUnits) = (isGPU, 132)
        let names = [
            "convolution [1x64x15x13] -> 96, 3x3 padding 1,1,1,1",
            "convolutionInputGradient [1x64x8x8] -> 64, 3x3",
            "convolutionWeightGradient [5x3x40x37] -> 6, 3x3 padding 1,1,1,1",
            "fullyConnected 1 x 2048 -> 33 + bias",
        ]
        let seed = UInt64.random(in: .min ... .max)
        for name in names {
            let opCase = try #require(OpCase.all.first { $0.name == name }, "\(name)")
            let tunable = try tunable(opCase, on: traits)
            let rule = tunable.rule(on: traits)
            var candidates = [rule]
            for algorithm in [rule] + tunable.candidates(.algorithms, after: [], on: traits) {
                let standings = [Tunable.Standing(algorithm, seconds: 1)]
                for stage in Tunable.Stage.allCases {
                    candidates += tunable.candidates(stage, after: standings, on: traits)
                }
            }
            #expect(Set(candidates).count > (isGPU && name.hasPrefix("convolution [1x64") ? 20 : 2))
            let isInParts = candidates.contains { "\($0)".hasSuffix(" in 64") }
            #expect(isInParts || !name.hasPrefix("convolutionWeight"))
            for candidate in Set(candidates) {
                let outcome = try OpCaseRunner.measure(
                    opCase, on: backend(traits, candidate), seed: seed, briefly: true)
                #expect(outcome.failure == nil)
                #expect(show("\(candidate)", outcome.kernels), "\(name): \(candidate): \(outcome.kernels)")
            }
        }
    }

    /// A name that the user gives counts more than a table.
    @Test func policiesGoBeforeTables() throws {
        let traits = try TestDevice.device().traits
        let opCase = try #require(OpCase.all.first { $0.name.hasPrefix("convolution [1x64x7x7] -> 64") })
        let implicit = try #require(
            tunable(opCase, on: traits).candidates(.algorithms, after: [], on: traits).first)
        #expect("\(implicit)" == "implicit")
        for policy in ConvolutionPolicy.allCases {
            var forced = traits
            forced.convolution = policy
            let outcome = try OpCaseRunner.measure(
                opCase, on: backend(forced, implicit), seed: 1, briefly: true)
            #expect(
                outcome.kernels.contains("implicit_gemm") == [.automatic, .implicit].contains(policy),
                "\(policy): \(outcome.kernels)")
        }
    }

    /// A network with a table read from a file, against the same network without one.
    @Test func networksAgreeWithAndWithoutATable() throws {
        let device = try TestDevice.device()
        let seed = UInt64.random(in: .min ... .max), batch = 2
        let network = try Architecture.small.network(size: 32, seed: seed).optimised()
        let program = try Program.inference(network, batch: batch)
        let input = try #require(program.value(named: network.inputName))
        let output = try #require(program.value(named: network.outputNames[0]))
        var random = RandomSource(seed: seed, stream: 2)
        let images = (0..<batch * network.inputShape.count).map { _ in random.uniform(-1...1) }
        var choices = TuningChoices()
        for step in program.steps {
            let tunable = Tunable(
                step.op, inputs: step.inputs.map(program.shape), outputs: step.outputs.map(program.shape),
                on: device.traits)
            // The implicit product comes first.
            guard let tunable, let first = tunable.candidates(.algorithms, after: [], on: device.traits).first
            else { continue }
            choices = choices.merging(first)
        }
        func run(_ source: TuningSource) throws -> (values: [Float], kernels: [String]) {
            var options = PlanOptions()
            options.poisons = true
            let plan = try OpenCLBackend(device, tuning: source).prepare(program, options: options)
            try plan.write(images, to: input)
            try plan.run()
            return (try plan.read(output), plan.kernels)
        }
        try withTemporaryFolder { folder in
            let table = TuningTable(for: device.device, date: "2026-01-31", choices: [.float: choices])
            try TuningStore(.folder(folder), for: device.device).save(table)
            let plain = try run(.off), tuned = try run(.folder(folder)), again = try run(.folder(folder))
            #expect(plain.kernels.count { $0 == "implicit_gemm" } == 0)
            #expect(tuned.kernels.count { $0 == "implicit_gemm" } == 7)
            #expect(tuned.kernels.contains("gemm_tiled"))
            #expect(tuned.values == again.values && tuned.values != plain.values)
            let a = plain.values.map(Double.init), b = tuned.values.map(Double.init)
            func dot(_ a: [Double], _ b: [Double]) -> Double { zip(a, b).reduce(0) { $0 + $1.0 * $1.1 } }
            #expect(
                dot(a, b) / (dot(a, a) * dot(b, b)).squareRoot() > Tolerances.algorithmCosine, "seed \(seed)")
        }
    }
}
