import SemblanceCore
import Synchronization

/// Something prepared on a device that is prepared again on the CPU after a fault in mid-run, where the policy allows it. Safe to
/// share between threads; users take turns.
package final class Recoverable<Prepared>: Sendable {
    private let device: SelectedDevice
    private let policy: FaultPolicy
    private let prepare: @Sendable (SelectedDevice) throws(SemblanceError) -> sending Prepared
    private let state: Mutex<State>

    private struct State {
        var prepared: Prepared
        /// What it was prepared on: others may have moved on since.
        var device: Device
    }

    /// - Throws: what `prepare` throws.
    package init(
        on device: SelectedDevice, policy: FaultPolicy,
        prepare: @escaping @Sendable (SelectedDevice) throws(SemblanceError) -> sending Prepared
    ) throws(SemblanceError) {
        self.device = device
        self.policy = policy
        self.prepare = prepare
        let prepared = try prepare(device)
        state = Mutex(State(prepared: prepared, device: device.device))
    }

    /// Lets `body` work with it; after a fault once more, on the CPU.
    package func use<Result: Sendable>(
        _ body: (inout sending Prepared) throws(SemblanceError) -> Result
    ) throws(SemblanceError) -> Result {
        try state.withLock { (state) throws(SemblanceError) in
            do throws(SemblanceError) {
                return try body(&state.prepared)
            } catch {
                guard policy == .moveToCPU, error.isOfDevice else { throw error }
                try device.fallBack(from: state.device, because: error)
                state.prepared = try prepare(device)
                state.device = device.device
                return try body(&state.prepared)
            }
        }
    }
}
