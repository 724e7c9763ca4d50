import Synchronization

/// Failures to force in tests: each takes the place of what the driver would have answered.
package struct FaultInjection: Sendable {
    /// The kernel file whose program does not build (a real build, of a source with an error in it).
    package var brokenSource: String?
    /// Text put in front of a kernel file, by the file's stem: a compiler that makes something else of it.
    package var insertions: [String: String] = [:]
    /// Allocations above so many bytes fail.
    package var allocationLimit: Int?
    /// The n-th allocation fails, from 1.
    package var failingAllocation: Int?
    /// The n-th command that runs enqueue fails, from 1, counted over all runs of the backend's plans.
    package var failingEnqueue: Int?
    /// From the n-th command on, all fail: a device that disappears.
    package var disappearsAt: Int?
    /// The n-th wait for a result fails, from 1.
    package var failingWait: Int?

    package init() {}

    /// What goes before the text of a kernel file; nil for files that are built as they are.
    func insertion(in source: String) -> [CChar]? {
        let text = brokenSource == source ? "#error injected failure" : insertions[source]
        return text.map { "\n\($0)\n".utf8.map(CChar.init(bitPattern:)) }
    }
}

/// Counts the places where a failure may be due.
final class FaultPoints: Sendable {
    private struct Counts {
        var allocations = 0
        var enqueues = 0
        var waits = 0
    }

    let injection: FaultInjection
    private let counts = Mutex(Counts())

    init(_ injection: FaultInjection) { self.injection = injection }

    func allocate(bytes: Int) throws(CLStatus) {
        if let limit = injection.allocationLimit, bytes > limit { throw .memoryAllocationFailure }
        guard let due = injection.failingAllocation else { return }
        if next(\.allocations) == due { throw .memoryAllocationFailure }
    }

    func enqueue() throws(CLStatus) {
        guard injection.failingEnqueue != nil || injection.disappearsAt != nil else { return }
        let number = next(\.enqueues)
        if number == injection.failingEnqueue { throw .outOfResources }
        if let first = injection.disappearsAt, number >= first { throw .deviceNotAvailable }
    }

    func wait() throws(CLStatus) {
        guard let due = injection.failingWait else { return }
        if next(\.waits) == due { throw .executionFailed }
    }

    private func next(_ counter: WritableKeyPath<Counts, Int>) -> Int {
        counts.withLock {
            $0[keyPath: counter] += 1
            return $0[keyPath: counter]
        }
    }
}
