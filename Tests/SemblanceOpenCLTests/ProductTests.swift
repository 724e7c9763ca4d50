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

    @Test(arguments: GemmPolicy.allCases)
    func agreesWithReference(gemm: GemmPolicy) throws {
        let backend = try #require(ProductTests.backends[gemm])
        let seed = UInt64.random(in: .min ... .max)
        for opCase in ProductTests.cases {
            let start = ContinuousClock.now
            let failure = try OpCaseRunner.run(opCase, on: backend, seed: seed)
            let time = ContinuousClock.now - start
            if time > .seconds(0.5) { print("SLOW \(gemm) \(opCase.name) \(time)") }
            #expect(failure == nil)
        }
    }
}
