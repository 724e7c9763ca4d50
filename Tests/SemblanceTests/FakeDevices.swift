import Foundation
import Semblance
import SemblanceCPU
import SemblanceCore
import SemblanceOpenCL
import Synchronization
import Testing

/// An OpenCL device of any kind that says it is a GPU.
final class PosingBackend: Backend {
    let device: Device
    private let inner: OpenCLBackend

    init(_ inner: OpenCLBackend) {
        self.inner = inner
        device = FakeDevices.gpu(inner.device)
    }

    func supports(_ op: Op, inputs: [Shape], outputs: [Shape]) -> Bool {
        inner.supports(op, inputs: inputs, outputs: outputs)
    }

    func prepare(_ program: Program, options: PlanOptions) throws(SemblanceError) -> any Plan {
        try inner.prepare(program, options: options)
    }

    func takeNotes() -> [String] { inner.takeNotes() }
}

/// Lists of devices in which the first OpenCL device stands for a GPU, whole or with forced failures.
enum FakeDevices {
    static let found: OpenCLDevice? = (try? OpenCLPlatform.all())?.flatMap(\.devices).first

    /// Whether the tests run; where SEMBLANCE_REQUIRE_OPENCL=1 asks for a device, they do and fail without one.
    static let runs: Bool = {
        let isRequired = ProcessInfo.processInfo.environment["SEMBLANCE_REQUIRE_OPENCL"] == "1"
        if found == nil, !isRequired { print("SKIPPED: no OpenCL device; install pocl-opencl-icd") }
        return found != nil || isRequired
    }()

    static func gpu(_ device: Device) -> Device {
        var device = device
        device.kind = .gpu
        device.name = "posing GPU"
        return device
    }

    static func device() throws -> OpenCLDevice {
        try #require(found, "no OpenCL device, and SEMBLANCE_REQUIRE_OPENCL asks for one")
    }

    /// The request for that device by its number.
    static func byNumber() throws -> DeviceRequest {
        try DeviceRequest(parsing: try device().device.identifier)
    }

    static func cpu(_ threads: Int?) throws(SemblanceError) -> any Backend { try CPUBackend(threads: 2) }

    /// The device as a GPU, with failures to come.
    static func catalogue(_ faults: FaultInjection = FaultInjection()) throws -> DeviceCatalogue {
        let device = try device()
        return DeviceCatalogue(
            openCL: { () throws(SemblanceError) in
                [
                    DeviceCatalogue.Offer(device: gpu(device.device)) { () throws(SemblanceError) in
                        PosingBackend(try OpenCLBackend(device, faults: faults))
                    }
                ]
            }, cpu: cpu)
    }

    /// The device as it is: no GPU.
    static func withoutGPU() throws -> DeviceCatalogue {
        let device = try device()
        var honest = device.device
        honest.kind = .cpu
        return DeviceCatalogue(
            openCL: { [honest] () throws(SemblanceError) in
                [
                    DeviceCatalogue.Offer(device: honest) { () throws(SemblanceError) in
                        try OpenCLBackend(device)
                    }
                ]
            }, cpu: cpu)
    }
}

extension Trait where Self == ConditionTrait {
    static var needsOpenCL: Self { .enabled(if: FakeDevices.runs, "no OpenCL device") }
}

/// What a device reports, from any thread.
final class Lines: Sendable {
    private let lines = Mutex<[String]>([])

    var all: [String] { lines.withLock { $0 } }
    func add(_ line: String) { lines.withLock { $0.append(line) } }
}

/// The code of the error that `body` throws; nil where it throws none of ours.
func errorCode(_ body: () throws -> Void) -> SemblanceError.Code? {
    do {
        try body()
        return nil
    } catch {
        return (error as? SemblanceError)?.code
    }
}
