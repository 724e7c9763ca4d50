import SemblanceCore
import SemblanceOpenCL
import SemblanceTestSupport
import Testing

/// Values stored in half: every operation against the reference, whose inputs are rounded and whose outputs may be off by a rounding more.
@Suite(.needsOpenCL) struct HalfStorageTests {
    static func backend(_ guise: TestDevice.Guise) throws -> OpenCLBackend {
        var traits = guise.traits(of: try TestDevice.device())
        traits.precision = .half
        return try OpenCLBackend(TestDevice.device(), traits: traits)
    }

    private func check(_ cases: [OpCase], _ guise: TestDevice.Guise) throws {
        let backend = try Self.backend(guise)
        let seed = UInt64.random(in: .min ... .max)
        for opCase in cases where opCase.operations < 4_000_000 && opCase.size < 1 << 18 {
            let halves = opCase.inputs.indices.filter { opCase.op.takesHalf(input: $0) }
            guard !halves.isEmpty || opCase.op.givesHalf(output: 0) else { continue }
            let failure = try OpCaseRunner.run(opCase, on: backend, seed: seed)
            #expect(failure == nil)
        }
    }

    @Test func operationsAgree() throws { try check(OpCase.all, .itself) }

    /// The comparison itself: a rounding is allowed, and one step further is not.
    @Test func aSecondRoundingIsNoticed() {
        var random = RandomSource(seed: .random(in: .min ... .max))
        let want = (0..<64).map { _ in Double(random.uniform(1...4)) } + [70_000]
        let halves = want.map { Float16($0) }
        let tolerance = Tolerance.elements(reduction: 1, scale: 0)
        func failure(_ got: [Float16], inHalf: Bool = true) -> String? {
            tolerance.compare(got: got.map(Float.init), want: want, shape: [65], inHalf: inHalf).failure
        }
        #expect(halves.last == .infinity && failure(halves) == nil)
        #expect(failure(halves, inHalf: false) != nil)
        for index in [0, 40, 64] {
            var wrong = halves
            wrong[index] = wrong[index].nextDown.nextDown
            #expect(failure(wrong) != nil)
        }
    }

    /// One half too many, behind an odd number of them, is found in the rest of their last float.
    @Test(arguments: [false, true])
    func guardsHoldForHalves(damaged: Bool) throws {
        var program = Program()
        let x = program.add("x", [202], .input)
        let middle = program.add("middle", [101], .intermediate)
        let y = program.add("y", [101], .output)
        program.append(.reshape([101]), [x], into: [middle])
        program.append(.reshape([101]), [middle], into: [y])
        var options = PlanOptions()
        options.guardElements = 32
        options.poisons = true
        let plan = try OpenCLPlan(program, on: Self.backend(.itself), options: options) {
            (_, inputs, outputs, lowering) in
            let isHalf = outputs[0].element == .half
            lowering.launchFlat(
                "reshape", "reshape", count: damaged && isHalf ? 102 : 101,
                [.tensor(inputs[0].named("x")), .tensor(outputs[0].named("y"))])
        }
        let values = (0..<202).map { Float($0) * 0.37 }
        try plan.write(values, to: x)
        try plan.run()
        #expect(try plan.read(y) == values.prefix(101).map { Float(Float16($0)) })
        #expect(try plan.damagedGuards() == (damaged ? ["middle"] : []))
    }

    /// By the kernels for GPUs, which CPU devices take seconds to compile. The code of activations is the same in every product.
    @Test func operationsAgreeOnGPUs() throws {
        let cases = OpCase.brief.filter { opCase in
            guard case .convolution(let convolution) = opCase.op else { return true }
            return convolution.activation == nil || convolution.activation == .prelu
        }
        try check(cases, .otherKind)
    }

    @Test(arguments: [TestDevice.Guise.implicit, .implicitInParts, .winograd4, .tensorHalf])
    func productsAgree(guise: TestDevice.Guise) throws {
        let cases = ProductTests.cases(guise).filter { opCase in
            guard case .convolution(let convolution) = opCase.op else { return true }
            return convolution.activation == nil || convolution.activation == .prelu
        }
        try check(cases, guise)
    }
}
