import Foundation
import SemblanceCore
import SemblanceOpenCL
import SemblanceTestSupport
import Testing

/// Convolutions and fully connected layers against the reference, by every path that they may take on some device.
@Suite(.needsOpenCL) struct ProductTests {
    /// SEMBLANCE_SMALL_CASES=1 keeps the cases and paths that a race detector gets through.
    static let isBrief = ProcessInfo.processInfo.environment["SEMBLANCE_SMALL_CASES"] == "1"

    /// The naive reference takes seconds for the largest.
    static let cases = OpCase.all.filter { opCase in
        switch opCase.op {
        case .convolution, .convolutionInputGradient, .convolutionWeightGradient, .fullyConnected,
            .fullyConnectedInputGradient, .fullyConnectedWeightGradient, .reshape:
            isBrief ? opCase.isSmall : opCase.operations < 4_000_000
        default: false
        }
    }

    @Test(arguments: isBrief ? [.itself, .otherKind] : TestDevice.Guise.allCases)
    func agreesWithReference(guise: TestDevice.Guise) throws {
        let backend = try TestDevice.backend(guise)
        let seed = UInt64.random(in: .min ... .max)
        for opCase in ProductTests.cases {
            let failure = try OpCaseRunner.run(opCase, on: backend, seed: seed)
            #expect(failure == nil)
        }
    }
}
