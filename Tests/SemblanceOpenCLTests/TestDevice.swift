import Foundation
import SemblanceCore
import SemblanceOpenCL
import Testing

/// The OpenCL device that tests run on: the first there is. Without one, tests that need it are skipped and say so, or fail where
/// SEMBLANCE_REQUIRE_OPENCL=1.
enum TestDevice {
    static let found: OpenCLDevice? = (try? OpenCLPlatform.all())?.flatMap(\.devices).first
    static let isRequired = ProcessInfo.processInfo.environment["SEMBLANCE_REQUIRE_OPENCL"] == "1"

    /// Whether tests run; they then fail where there is no device.
    static let runs: Bool = {
        if found == nil, !isRequired { print("SKIPPED: no OpenCL device; install pocl-opencl-icd") }
        return found != nil || isRequired
    }()

    static func device() throws -> OpenCLDevice {
        try #require(found, "no OpenCL device, and SEMBLANCE_REQUIRE_OPENCL asks for one")
    }

    /// What the backend takes the device for: the kernels for GPUs run on CPU devices too, and the other way round.
    enum Guise: String, CaseIterable {
        case itself, otherKind, clblast, tiled, implicit, implicitInParts, winograd2, winograd4
        case tensorHalf, tensorHalfInParts, tensorTF32, tensorTF32InParts

        /// Whether only convolutions differ from what others compute.
        var isOfConvolutions: Bool {
            [.implicit, .implicitInParts, .winograd2, .winograd4].contains(self) || isOfTensorCores
        }

        /// Whether weight gradients are computed as no other of the convolutions' guises does.
        var gathersWeightGradients: Bool { [.implicit, .implicitInParts].contains(self) || isOfTensorCores }

        /// With emulated warps.
        var isOfTensorCores: Bool {
            [.tensorHalf, .tensorHalfInParts, .tensorTF32, .tensorTF32InParts].contains(self)
        }

        func traits(of device: OpenCLDevice) -> DeviceTraits {
            var traits = device.traits
            switch self {
            case .itself: break
            case .otherKind: traits.isGPU.toggle()
            case .clblast: (traits.gemm, traits.convolution) = (.clblast, .im2col)
            case .tiled: (traits.isGPU, traits.gemm, traits.convolution) = (true, .tiled, .im2col)
            // The largest tiles, and with many compute units the smallest and sums in parts.
            case .implicit: (traits.isGPU, traits.convolution, traits.computeUnits) = (true, .implicit, 1)
            case .implicitInParts:
                (traits.isGPU, traits.convolution, traits.computeUnits) = (true, .implicit, 132)
            // With the products for GPUs, and with those for CPUs in chunks of few images.
            case .winograd2:
                (traits.isGPU, traits.convolution) = (true, .winograd2)
            case .tensorHalf, .tensorHalfInParts, .tensorTF32, .tensorTF32InParts:
                (traits.isGPU, traits.emulatesWarps) = (true, true)
                traits.tensorOperand = [.tensorHalf, .tensorHalfInParts].contains(self) ? .half : .tf32
                traits.computeUnits = [.tensorHalf, .tensorTF32].contains(self) ? 1 : 132
            case .winograd4:
                (traits.isGPU, traits.convolution, traits.winogradElements) = (false, .winograd4, 2_000)
            }
            return traits
        }
    }

    static func backend(
        _ guise: Guise = .itself, binaries: BinaryCaching = .automatic,
        faults: FaultInjection = FaultInjection()
    ) throws -> OpenCLBackend {
        let device = try device()
        return try OpenCLBackend(
            device, traits: guise.traits(of: device), binaries: binaries, tuning: .off, faults: faults)
    }
}

extension Trait where Self == ConditionTrait {
    static var needsOpenCL: Self { .enabled(if: TestDevice.runs, "no OpenCL device") }
}
