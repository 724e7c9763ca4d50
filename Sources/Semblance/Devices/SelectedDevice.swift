import Foundation
import SemblanceCore
import SemblanceOpenCL
import Synchronization

/// The backend that a request led to, and why. Under `automatic` it falls back to the CPU, for a whole plan at a time, where the GPU
/// cannot prepare it, and says so; `gpu` and `opencl:P:D` never fall back.
public final class SelectedDevice: Backend {
    private struct State {
        var backend: any Backend
        var reason: String
    }

    /// What was asked for.
    public let request: DeviceRequest
    private let state: Mutex<State>
    private let openCPU: @Sendable () throws(SemblanceError) -> any Backend
    private let report: @Sendable (String) -> Void

    /// What computes at the moment: for callers that have another answer than the CPU to a plan that cannot be prepared.
    package var backend: any Backend { state.withLock { $0.backend } }
    /// The device in use.
    public var device: Device { backend.device }
    /// How it stores and multiplies activations: on the CPU `float`, whatever was asked for.
    public var precision: Precision { backend.precision }
    /// The tuning table in use, in words; nil where there is none.
    public var tuning: String? { (backend as? OpenCLBackend)?.tuning?.summary }
    /// Why it is in use: one line, which goes into every result and log.
    public var reason: String { state.withLock { $0.reason } }

    /// - Parameters:
    ///   - threads: of the CPU; nil for one a core.
    ///   - convolution: how OpenCL devices compute convolutions.
    ///   - precision: how OpenCL devices store and multiply activations; one without TF32 computes in float, and says so.
    ///   - report: gets the line that says why work moved to the CPU.
    /// - Throws: `deviceUnavailable` where `gpu` or `opencl:P:D` finds nothing, `usage` for a precision that the CPU asked for lacks.
    public convenience init(
        _ request: DeviceRequest, threads: Int? = nil, convolution: ConvolutionPolicy = .automatic,
        precision: Precision = .float, report: @escaping @Sendable (String) -> Void = { _ in }
    ) throws(SemblanceError) {
        guard request != .cpu || precision == .float else {
            throw SemblanceError(
                .usage, "the CPU computes in float, not in \(precision.rawValue)",
                remedy: "leave --precision out, or choose an OpenCL device")
        }
        try self.init(
            request, threads: threads,
            catalogue: .system(convolution: convolution, precision: precision), report: report)
        if self.precision != precision, device.identifier == "cpu" {
            report("the CPU computes in float: --precision \(precision.rawValue) is for OpenCL devices")
        }
    }

    package init(
        _ request: DeviceRequest, threads: Int? = nil, catalogue: DeviceCatalogue,
        report: @escaping @Sendable (String) -> Void = { _ in }
    ) throws(SemblanceError) {
        self.request = request
        self.report = report
        openCPU = { () throws(SemblanceError) in try catalogue.cpu(threads) }
        let (backend, reason) = try Self.select(request, catalogue, threads: threads)
        state = Mutex(State(backend: backend, reason: reason))
    }

    private static func select(_ request: DeviceRequest, _ catalogue: DeviceCatalogue, threads: Int?)
        throws(SemblanceError) -> (any Backend, String)
    {
        switch request {
        case .cpu: return (try catalogue.cpu(threads), "the CPU was asked for")
        case .openCL:
            let offer = try request.choose(from: catalogue.openCL(), \.device)
            return (try offer.open(), "\(request) was asked for")
        case .gpu:
            let offer = try request.choose(from: catalogue.openCL(), \.device)
            return (try offer.open(), "a GPU was asked for")
        case .automatic: return try selectAutomatically(catalogue, threads: threads)
        }
    }

    private static func selectAutomatically(_ catalogue: DeviceCatalogue, threads: Int?)
        throws(SemblanceError)
        -> (any Backend, String)
    {
        let reason: String
        do {
            let offers = try catalogue.openCL()
            if let offer = offers.first(where: { $0.device.kind == .gpu }) {
                do {
                    return (try offer.open(), "the first GPU found")
                } catch {
                    reason = "the GPU \(offer.device.name) cannot be opened: \(error.line)"
                }
            } else {
                reason = "no GPU: \(offers.map(\.device).absenceOfGPU)"
            }
        } catch {
            reason = "OpenCL cannot be used: \(error.line)"
        }
        return (try catalogue.cpu(threads), reason)
    }

    // MARK: Backend

    public func supports(_ op: Op, inputs: [Shape], outputs: [Shape]) -> Bool {
        backend.supports(op, inputs: inputs, outputs: outputs)
    }

    public func prepare(_ program: Program, options: PlanOptions) throws(SemblanceError) -> any Plan {
        let backend = backend
        defer { backend.takeNotes().forEach(report) }
        do throws(SemblanceError) {
            return try backend.prepare(program, options: options)
        } catch {
            try fallBack(from: backend.device, because: error)
            return try self.backend.prepare(program, options: options)
        }
    }

    public func takeNotes() -> [String] { state.withLock { $0.backend }.takeNotes() }

    /// Moves to the CPU for good, unless another user of this device has done so already. For callers whose policy allows it after a
    /// fault in mid-run.
    /// - Parameter failed: the device of the plan that failed.
    /// - Throws: the fault itself where the request forbids it or the CPU has failed.
    public func fallBack(from failed: Device, because error: SemblanceError) throws(SemblanceError) {
        guard request == .automatic else { throw error }
        let cpu = try openCPU()
        guard failed.identifier != cpu.device.identifier else { throw error }
        guard device.identifier == failed.identifier else { return }
        let reason = "\(failed.name) failed, so the CPU does the work: \(error.line)"
        state.withLock { $0 = State(backend: cpu, reason: reason) }
        report(reason)
    }

    /// Runs `body`, which prepares what it needs on this device; after a fault in mid-run once more, on the CPU, where the policy
    /// allows it.
    package func recovering<Result>(
        _ policy: FaultPolicy, _ body: () throws(SemblanceError) -> Result
    ) throws(SemblanceError) -> Result {
        let used = device
        do throws(SemblanceError) {
            return try body()
        } catch {
            guard policy == .moveToCPU, error.isOfDevice else { throw error }
            try fallBack(from: used, because: error)
            return try body()
        }
    }
}

extension SemblanceError {
    /// On one line, for reasons: a compiler's log has several.
    package var line: String {
        description.split(whereSeparator: \.isNewline).map { $0.trimmingCharacters(in: .whitespaces) }
            .filter { !$0.isEmpty }.joined(separator: " ")
    }
}
