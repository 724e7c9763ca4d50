import Foundation
import SemblanceCPU
import SemblanceCore
import SemblanceOpenCL
import SemblanceTestSupport
import Testing

/// The backends under test.
enum TestBackend: String, CaseIterable, Sendable, CustomTestStringConvertible {
    case reference, cpu, opencl

    /// What is compared with the reference. Without an OpenCL device its tests are skipped, which is printed, or fail where
    /// SEMBLANCE_REQUIRE_OPENCL=1.
    static let all = withReference.filter { $0 != .reference && (!TestScope.isSmall || $0 == .opencl) }
    /// All, for comparisons with a third party.
    static let withReference: [TestBackend] = {
        let required = ProcessInfo.processInfo.environment["SEMBLANCE_REQUIRE_OPENCL"] == "1"
        if openCLDevice != nil || required { return allCases }
        print("SKIPPED: the OpenCL backend's tests: no OpenCL device; install pocl-opencl-icd")
        return [.reference, .cpu]
    }()

    var testDescription: String { rawValue }

    private static let openCLDevice = (try? OpenCLPlatform.all())?.flatMap(\.devices).first
    private static let cpuBackend = Result { () throws(SemblanceError) -> any Backend in try CPUBackend() }
    private static let openCLBackend = openCLDevice.map { device in
        Result { () throws(SemblanceError) -> any Backend in
            print("OpenCL tests run on \(device.device.name) (\(device.device.platform))")
            return try OpenCLBackend(device)
        }
    }

    private static let openCLInHalf = openCLDevice.map { device in
        Result { () throws(SemblanceError) -> any Backend in try OpenCLBackend(device, precision: .half) }
    }

    /// The OpenCL backend with activations in half.
    static var halfBackend: any Backend {
        get throws { try #require(openCLInHalf, "no OpenCL device").get() }
    }

    /// One backend for the whole process.
    /// - Throws: where it cannot be had.
    var backend: any Backend {
        get throws {
            switch self {
            case .reference: ReferenceBackend()
            case .cpu: try Self.cpuBackend.get()
            case .opencl:
                try #require(
                    Self.openCLBackend, "no OpenCL device, and SEMBLANCE_REQUIRE_OPENCL asks for one"
                ).get()
            }
        }
    }
}

/// What part of the tests runs.
enum TestScope {
    /// Only a few small cases, and only on OpenCL: for check-races.sh, whose simulated device is slow.
    static let isSmall = ProcessInfo.processInfo.environment["SEMBLANCE_SMALL_CASES"] == "1"

    static let cases = isSmall ? OpCase.few(12) : OpCase.all
}
