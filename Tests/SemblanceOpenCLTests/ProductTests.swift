import Foundation
import SemblanceCore
import SemblanceOpenCL
import SemblanceTestSupport
import Testing

/// Convolutions and fully connected layers against the reference, by every path that they may take on some device.
@Suite(.needsOpenCL) struct ProductTests {
    /// SEMBLANCE_SMALL_CASES=1 keeps the cases and paths that a race detector gets through.
    static let isBrief = ProcessInfo.processInfo.environment["SEMBLANCE_SMALL_CASES"] == "1"

    /// The naive reference takes seconds for the largest. Algorithms of convolutions alone get those, larger ones too, and a few
    /// activations: the code of an epilogue is the same everywhere, and CPU devices take seconds to compile a kernel for GPUs.
    static func cases(_ guise: TestDevice.Guise) -> [OpCase] {
        OpCase.all.filter { opCase in
            let isSmall = isBrief ? opCase.size <= 1024 : opCase.operations < 4_000_000
            let isMedium = opCase.operations < 25_000_000
            switch opCase.op {
            case .convolution(let convolution) where guise.isOfConvolutions:
                guard convolution.groups == 1 || opCase.inputs[1].shape[1] > 1 else { return false }
                switch convolution.activation {
                case .hardSwish where guise.isOfTensorCores: return false
                case nil, .prelu, .hardSwish: return isBrief || guise.isOfTensorCores ? isSmall : isMedium
                default: return false
                }
            case .convolutionInputGradient where guise.isOfConvolutions:
                return isBrief || guise.isOfTensorCores ? isSmall : isMedium
            case .convolutionWeightGradient where guise.gathersWeightGradients:
                let isDepthwise = opCase.outputs[0].shape[1] == 1 && opCase.inputs[1].shape.channels > 1
                return !isDepthwise && (isBrief || guise.isOfTensorCores ? isSmall : isMedium)
            case .convolution, .convolutionInputGradient, .convolutionWeightGradient, .fullyConnected,
                .fullyConnectedInputGradient, .fullyConnectedWeightGradient, .reshape:
                return isSmall && !guise.isOfConvolutions
            default: return false
            }
        }
    }

    @Test(arguments: TestDevice.Guise.allCases.filter { !$0.isOfTensorCores && (!isBrief || $0 != .clblast) })
    func agreesWithReference(guise: TestDevice.Guise) throws { try ProductTests.check(guise) }

    /// By emulated warps, against a reference that rounds operands as the kernels do.
    @Test(arguments: TestDevice.Guise.allCases.filter(\.isOfTensorCores))
    func tensorCoresAgreeWithReference(guise: TestDevice.Guise) throws { try ProductTests.check(guise) }

    private static func check(_ guise: TestDevice.Guise) throws {
        let backend = try TestDevice.backend(guise)
        let seed = UInt64.random(in: .min ... .max)
        for opCase in ProductTests.cases(guise) {
            let failure = try OpCaseRunner.run(opCase, on: backend, seed: seed, briefly: ProductTests.isBrief)
            #expect(failure == nil)
        }
    }
}
