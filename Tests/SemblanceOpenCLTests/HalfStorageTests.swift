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

    /// By the kernels for GPUs. The code of activations is the same in every product.
    @Test func operationsAgreeOnGPUs() throws {
        let cases = OpCase.all.filter { opCase in
            guard case .convolution(let convolution) = opCase.op else { return true }
            return convolution.activation == nil || convolution.activation == .prelu
        }
        try check(cases, .otherKind)
    }

    @Test(arguments: [TestDevice.Guise.clblast, .implicit, .implicitInParts, .winograd2, .winograd4])
    func productsAgree(guise: TestDevice.Guise) throws {
        let cases = ProductTests.cases(guise).filter { opCase in
            guard case .convolution(let convolution) = opCase.op else { return true }
            return convolution.activation == nil || convolution.activation == .prelu
        }
        try check(cases, guise)
    }
}
