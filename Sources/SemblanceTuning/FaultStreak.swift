import SemblanceCore
import SemblanceOpenCL

/// How often in a row a device has failed: one that fails too often is not asked any more.
struct FaultStreak {
    private static let limit = 3
    private var count = 0

    /// Why the device is not asked any more; nil while it is.
    private(set) var stopped: String?

    /// The device did what it was asked.
    mutating func end() { count = 0 }

    /// The device failed.
    mutating func add(_ reason: String) {
        count += 1
        if count == Self.limit { stopped = "\(count) faults of the device in a row, the last: \(reason)" }
    }
}

extension SemblanceError {
    /// Whether the device failed. What CLBlast cannot build, or refuses, says nothing about the device.
    var isFaultOfDevice: Bool {
        guard code == .deviceFault else { return false }
        guard let status = cause as? CLStatus else { return true }
        return status != .buildProgramFailure && !status.isOfCLBlast
    }
}
