import SemblanceCore
import SemblanceOpenCL
import SemblanceTestSupport
import Testing

/// Convolutions and fully connected layers against the reference, with every GEMM.
@Suite(.needsOpenCL) struct ProductTests {
    static let cases = OpCase.all.filter { opCase in
        switch opCase.op {
        case .convolution, .convolutionInputGradient, .convolutionWeightGradient, .fullyConnected,
            .fullyConnectedInputGradient, .fullyConnectedWeightGradient, .reshape:
            true
        default: false
        }
    }

    /// One backend a policy: programs are then built once.
    static let backends: [GemmPolicy: OpenCLBackend] = {
        var result: [GemmPolicy: OpenCLBackend] = [:]
        for policy in GemmPolicy.allCases { result[policy] = try? TestDevice.backend(gemm: policy) }
        return result
    }()

    @Test(arguments: cases, GemmPolicy.allCases)
    func agreesWithReference(opCase: OpCase, gemm: GemmPolicy) throws {
        let backend = try #require(ProductTests.backends[gemm])
        let seed = UInt64.random(in: .min ... .max)
        let failure = try OpCaseRunner.run(opCase, on: backend, seed: seed)
        #expect(failure == nil)
    }
}
