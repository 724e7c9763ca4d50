import SemblanceCore
import SemblanceOpenCL
import SemblanceTestSupport
import Testing

/// Which algorithm computes a convolution, and that a whole network comes out the same by all.
@Suite(.needsOpenCL) struct ConvolutionPolicyTests {
    private enum Part { case output, inputGradient, weightGradient }

    private func functions(
        _ x: Shape, filters: Int, kernel: Int, stride: Int = 1, groups: Int = 1, of part: Part = .output,
        policy: ConvolutionPolicy = .automatic, isGPU: Bool = true, isConstant: Bool = false
    ) throws -> [String] {
        var traits = try TestDevice.device().traits
        (traits.isGPU, traits.convolution, traits.computeUnits) = (isGPU, policy, 132)
        traits.maxWorkGroup = 256
        let convolution = Convolution(
            window: Window(kernel: Extent(kernel), stride: Extent(stride), padding: Padding(kernel / 2)),
            groups: groups)
        let weight: Shape = [filters, x.channels / groups, kernel, kernel]
        let y = try Op.convolution(convolution).outputShapes(for: [x, weight])[0]
        func tensor(_ buffer: Int, _ shape: Shape) -> DeviceTensor {
            DeviceTensor(buffer: buffer, offset: 0, shape: shape, isConstant: isConstant && buffer == 2)
        }
        var lowering = Lowering(traits: traits, scratchBuffer: 0)
        let (op, shapes): (Op, [Shape]) =
            switch part {
            case .output: (.convolution(convolution), [x, weight, y])
            case .inputGradient: (.convolutionInputGradient(convolution), [y, weight, x])
            case .weightGradient: (.convolutionWeightGradient(convolution), [x, y, weight])
            }
        try op.lower(
            inputs: [tensor(1, shapes[0]), tensor(2, shapes[1])], outputs: [tensor(3, shapes[2])],
            into: &lowering)
        return lowering.commands.map { command in
            if case .launch(let launch) = command { launch.function } else { "clblast" }
        }
    }

    @Test func choosesByShapeAndDevice() throws {
        let wide: Shape = [16, 128, 28, 28]
        #expect(try functions(wide, filters: 128, kernel: 3).last == "winograd_output_4")
        #expect(try functions(wide, filters: 128, kernel: 3, of: .inputGradient).last == "winograd_output_4")
        // 6x6 takes as many multiplications either way, and 2x2 rounds less.
        #expect(try functions([64, 64, 6, 6], filters: 64, kernel: 3).last == "winograd_output_2")
        // Too few tiles at batch 1: the sum is cut up instead.
        #expect(
            try functions([1, 256, 14, 14], filters: 256, kernel: 3)
                == ["pack_filters", "implicit_gemm", "gemm_reduce"])
        for (kernel, stride) in [(3, 2), (1, 1), (1, 2), (7, 2)] {
            #expect(
                try functions([64, 128, 28, 28], filters: 128, kernel: kernel, stride: stride)
                    == ["pack_filters", "implicit_gemm"])
        }
        #expect(try functions(wide, filters: 128, kernel: 3, groups: 128) == ["depthwise"])
        #expect(try functions(wide, filters: 128, kernel: 3, isGPU: false).contains("im2col_rows"))
    }

    /// Weight gradients gather on GPUs and where that is asked for, with sums in parts where weights are few and images many.
    @Test func weightGradientsGather() throws {
        let x: Shape = [16, 128, 28, 28]
        func functions(
            filters: Int = 128, kernel: Int = 3, stride: Int = 1, groups: Int = 1,
            policy: ConvolutionPolicy = .automatic, isGPU: Bool = true
        ) throws -> [String] {
            try self.functions(
                x, filters: filters, kernel: kernel, stride: stride, groups: groups, of: .weightGradient,
                policy: policy, isGPU: isGPU)
        }
        let parts = ["implicit_weight_gradient", "gemm_reduce"]
        #expect(try functions() == parts)
        #expect(try functions(kernel: 1, stride: 2) == parts)
        #expect(try functions(groups: 2) == parts)
        #expect(try functions(policy: .implicit, isGPU: false) == parts)
        // Enough tiles.
        #expect(try functions(filters: 4096) == ["implicit_weight_gradient"])
        #expect(try functions(isGPU: false).contains("im2col_rows"))
        for policy in [ConvolutionPolicy.im2col, .winograd, .winograd2, .winograd4] {
            #expect(try functions(policy: policy).contains("im2col"))
        }
        #expect(try functions(groups: 128).allSatisfy { !parts.contains($0) && $0 != "im2col" })
    }

    /// What an algorithm does not suit takes the reference path, and the kernels say so.
    @Test func forcedAlgorithmsFallToColumns() throws {
        let x: Shape = [1, 64, 14, 14]
        for policy in [ConvolutionPolicy.winograd, .winograd2, .winograd4] {
            #expect(try functions(x, filters: 64, kernel: 3, stride: 2, policy: policy).first == "im2col")
            #expect(try functions(x, filters: 64, kernel: 3, groups: 2, policy: policy).first == "im2col")
            #expect(try functions(x, filters: 64, kernel: 5, policy: policy).first == "im2col")
            #expect(try functions([1, 64, 2, 9], filters: 64, kernel: 3, policy: policy).first == "im2col")
        }
        let strided = try functions(
            x, filters: 64, kernel: 3, stride: 2, of: .inputGradient, policy: .implicit)
        #expect(strided.last == "col2im")
        #expect(try functions(x, filters: 64, kernel: 3, policy: .im2col).first == "im2col")
    }

    /// Constants are packed at preparation and not in the run; states, which training changes, in every run.
    @Test(arguments: [ConvolutionPolicy.implicit, .winograd])
    func constantsArePackedOnce(policy: ConvolutionPolicy) throws {
        func kernels(_ storage: Storage) throws -> [String] {
            var program = Program()
            let x = program.add("x", [1, 64, 8, 8], .input)
            let values = [Float](repeating: 0.1, count: 64 * 64 * 9)
            let weight = program.add("weight", [64, 64, 3, 3], storage, initial: values)
            let convolution = Convolution(window: Window(kernel: Extent(3), padding: Padding(1)))
            let y = try program.append(.convolution(convolution), [x, weight], named: "y")[0]
            program.setStorage(.output, of: y)
            let backend = try OpenCLBackend(TestDevice.device(), convolution: policy)
            return try backend.prepare(program, options: PlanOptions()).kernels
        }
        let packs: Set = ["pack_filters", "winograd_filter"]
        #expect(try kernels(.constant).allSatisfy { !packs.contains($0) })
        #expect(try kernels(.state).count { packs.contains($0) } == 1)
    }

    @Test func networksAgree() throws {
        let seed = UInt64.random(in: .min ... .max), batch = 3
        let network = try Architecture.iResNet18.network(size: 32, seed: seed).optimised()
        var random = RandomSource(seed: seed, stream: 2)
        let images = (0..<batch * network.inputShape.count).map { _ in random.uniform(-1...1) }
        func embeddings(_ policy: ConvolutionPolicy) throws -> (rows: [Float], kernels: Set<String>) {
            let program = try Program.inference(network, batch: batch)
            let input = try #require(program.value(named: network.inputName))
            let output = try #require(program.value(named: network.outputNames[0]))
            var options = PlanOptions()
            options.poisons = true
            let plan = try OpenCLBackend(TestDevice.device(), convolution: policy)
                .prepare(program, options: options)
            try plan.write(images, to: input)
            try plan.run()
            let first = try plan.read(output)
            try plan.run()
            #expect(try plan.read(output) == first, "\(policy): a second run differs")
            return (first, Set(plan.kernels))
        }
        let expected = try embeddings(.im2col)
        let width = expected.rows.count / batch
        for policy in [ConvolutionPolicy.implicit, .winograd2, .winograd4] {
            let found = try embeddings(policy)
            let own = policy == .implicit ? "implicit_gemm" : "winograd_output_\(policy.rawValue.suffix(1))"
            #expect(found.kernels.contains(own), "\(policy): \(found.kernels)")
            #expect(policy != .implicit || !found.kernels.contains { $0.hasPrefix("im2col") })
            #expect(found.rows != expected.rows, "\(policy) rounds exactly as columns do: was it taken?")
            for row in 0..<batch {
                let (a, b) = (
                    expected.rows[row * width..<(row + 1) * width], found.rows.dropFirst(row * width)
                )
                func dot(_ a: ArraySlice<Float>, _ b: ArraySlice<Float>) -> Double {
                    zip(a, b).reduce(0) { $0 + Double($1.0) * Double($1.1) }
                }
                let own = b.prefix(width)
                let cosine = dot(a, own) / (dot(a, a) * dot(own, own)).squareRoot()
                #expect(cosine > Tolerances.algorithmCosine, "\(policy), seed \(seed)")
            }
        }
    }
}
