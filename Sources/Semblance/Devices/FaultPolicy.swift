/// What happens when a device fails in mid-run.
public enum FaultPolicy: Sendable {
    /// The error is thrown.
    case fail
    /// The work is done again on the CPU, and so is everything after it, where the device was chosen automatically; elsewhere the error
    /// is thrown.
    case moveToCPU
}
