import Foundation
import Synchronization

/// Ends the program where nothing has moved for too long: a call into a driver that hangs cannot be broken off otherwise.
final class Watchdog: Sendable {
    private let patience: Double
    private let state: Mutex<(activity: String, since: ContinuousClock.Instant)>

    /// - Parameters:
    ///   - patience: seconds that one activity may take.
    ///   - activity: the first.
    init(patience: Double, activity: String) {
        self.patience = patience
        state = Mutex((activity, .now))
        Thread.detachNewThread { [self] in watch() }
    }

    /// Tells that something else has begun.
    func begin(_ activity: String) { state.withLock { $0 = (activity, .now) } }

    private func watch() {
        while true {
            Thread.sleep(forTimeInterval: min(patience / 4, 1))
            let (activity, since) = state.withLock { $0 }
            guard since.secondsElapsed > patience else { continue }
            Console.endProgress()
            Console.error(
                "error: no answer for \(String(format: "%g", patience)) s from: \(activity); a driver that hangs wants an update, "
                    + "--device cpu does without it, and --patience waits longer")
            // Nothing that the driver may have locked is cleaned up.
            _exit(1)
        }
    }
}
