import SemblanceCore
import SemblanceOpenCL
import SemblanceTestSupport
import Testing

/// When convolutions take tensor cores, and what becomes of whole results. What the kernels compute is ProductTests' and HalfStorageTests' to check.
@Suite(.needsOpenCL) struct TensorCoreTests {
    /// The kernels of a convolution of 64 channels, and its result on the device.
    private func convolve(
        _ values: [Float], _ weights: [Float], _ change: (inout DeviceTraits) -> Void
    ) throws -> (kernels: [String], y: [Float]) {
        var traits = try TestDevice.device().traits
        (traits.isGPU, traits.emulatesWarps, traits.computeUnits) = (true, true, 1)
        change(&traits)
        var program = Program()
        let x = program.add("x", [2, 64, 6, 6], .input)
        let weight = program.add("weight", [64, 64, 3, 3], .constant, initial: weights)
        let convolution = Convolution(window: Window(kernel: Extent(3), padding: Padding(1)))
        let y = try program.append(.convolution(convolution), [x, weight], named: "y")[0]
        program.setStorage(.output, of: y)
        let plan = try OpenCLBackend(TestDevice.device(), traits: traits).prepare(
            program, options: PlanOptions())
        try plan.write(values, to: x)
        try plan.run()
        let first = try plan.read(y)
        try plan.run()
        #expect(try plan.read(y) == first, "a second run differs")
        return (plan.kernels, first)
    }

    private func data() -> (x: [Float], weights: [Float]) {
        var random = RandomSource(seed: .random(in: .min ... .max))
        return (
            (0..<2 * 64 * 36).map { _ in random.normal() },
            (0..<64 * 64 * 9).map { _ in random.normal() * 0.05 }
        )
    }

    @Test func policyAndDeviceDecide() throws {
        let (x, weights) = data()
        func kernels(_ change: (inout DeviceTraits) -> Void) throws -> [String] {
            try convolve(x, weights, change).kernels
        }
        #expect(try kernels { $0.tensorOperand = .half } == ["tensor_gemm_half"])
        #expect(try kernels { $0.tensorOperand = .tf32 } == ["tensor_gemm_tf32"])
        let implicit = try kernels { ($0.tensorOperand, $0.convolution) = (.tf32, .implicit) }
        #expect(implicit == ["tensor_gemm_tf32"])
        let parts = try kernels { ($0.tensorOperand, $0.computeUnits) = (.half, 132) }
        #expect(parts == ["tensor_gemm_half", "gemm_reduce"])
        // What is forced is done in floats, and so is everything without an operand.
        for policy in [ConvolutionPolicy.im2col, .winograd] {
            let forced = try kernels { ($0.tensorOperand, $0.convolution) = (.half, policy) }
            #expect(!forced.contains { $0.hasPrefix("tensor") })
        }
        #expect(try kernels { _ in }.allSatisfy { !$0.hasPrefix("tensor") })
        #expect(try kernels { ($0.tensorOperand, $0.maxWorkGroup) = (.half, 128) }.contains("implicit_gemm"))
    }

    /// Both operands have 11 significant bits, and products of independent ones are 2^-11.75 off at the root mean square.
    @Test(arguments: [TensorOperand.half, .tf32]) func operandsAreRounded(operand: TensorOperand) throws {
        let (x, weights) = data()
        let exact = try convolve(x, weights) { _ in }.y
        let rounded = try convolve(x, weights) { $0.tensorOperand = operand }.y
        let error = zip(exact, rounded).reduce(0) { $0 + Double($1.0 - $1.1) * Double($1.0 - $1.1) }
        let norm = exact.reduce(0) { $0 + Double($1) * Double($1) }
        let relative = (error / norm).squareRoot()
        #expect(relative < 0x1p-11 && relative > 0x1p-15, "\(operand): \(relative)")
    }

    /// A whole network with residuals, strides and PReLU, by emulated warps.
    @Test(arguments: [Precision.tf32, .half]) func networksAgree(precision: Precision) throws {
        let seed = UInt64.random(in: .min ... .max)
        let network = try Architecture.iResNet18.network(size: 32, seed: seed).optimised()
        var random = RandomSource(seed: seed, stream: 2)
        let image = (0..<network.inputShape.count).map { _ in random.uniform(-1...1) }
        func embedding(_ precision: Precision) throws -> (row: [Float], kernels: Set<String>) {
            var traits = try TestDevice.device().traits
            (traits.isGPU, traits.emulatesWarps, traits.precision) = (true, true, precision)
            if precision != .float { traits.tensorOperand = precision == .half ? .half : .tf32 }
            let program = try Program.inference(network, batch: 1)
            let input = try #require(program.value(named: network.inputName))
            let output = try #require(program.value(named: network.outputNames[0]))
            let plan = try OpenCLBackend(TestDevice.device(), traits: traits)
                .prepare(program, options: PlanOptions())
            try plan.write(image, to: input)
            try plan.run()
            return (try plan.read(output), Set(plan.kernels))
        }
        let exact = try embedding(.float), rounded = try embedding(precision)
        #expect(rounded.kernels.contains { $0.hasPrefix("tensor_gemm") }, "\(rounded.kernels)")
        func dot(_ a: [Float], _ b: [Float]) -> Double {
            zip(a, b).reduce(0) { $0 + Double($1.0) * Double($1.1) }
        }
        let (a, b) = (exact.row, rounded.row)
        let cosine = dot(a, b) / (dot(a, a) * dot(b, b)).squareRoot()
        #expect(cosine > Tolerances.embeddings(precision).cosine && a != b, "\(cosine), seed \(seed)")
    }

    /// Tensor cores are for devices on which every instruction was seen to compute correctly.
    @Test func theProbeDecides() throws {
        let device = try TestDevice.device()
        for operand in [TensorOperand.half, .tf32] {
            #expect(DriverProbe(device, emulatesWarps: true).obstacle(to: operand) == nil)
        }
        func obstacle(_ insertion: String, _ operand: TensorOperand) -> String? {
            var faults = FaultInjection()
            faults.insertions["probeInstructions"] = insertion
            return DriverProbe(device, faults: faults, emulatesWarps: true).obstacle(to: operand)
        }
        let swapped = "#define multiply_tf32(a, b, c, e) multiply_tf32((a).yxzw, b, c, e)"
        #expect(obstacle(swapped, .tf32)?.contains("is wrong") == true)
        // Not an instruction of the others' kernel.
        #expect(obstacle(swapped, .half) == nil)
        #expect(obstacle("#error no PTX", .half)?.contains("is refused") == true)

        guard !device.isNVIDIA else { return }
        let backend = try OpenCLBackend(device, precision: .tf32)
        #expect(backend.traits.tensorOperand == nil && backend.precision == .float)
        let notes = backend.takeNotes()
        #expect(
            notes.count == 1 && notes[0].contains("without tensor cores")
                && notes[0].contains("PTX is NVIDIA's"))
        #expect(backend.takeNotes().isEmpty, "a note is told once")
        #expect(try OpenCLBackend(device).takeNotes().isEmpty)
    }
}
