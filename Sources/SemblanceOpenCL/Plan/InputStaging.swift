import COpenCL
import SemblanceCore

/// Page-locked host memory through which inputs travel, so that the device copies them while the host goes on. Two slots an
/// input: the host fills one while the other may still be in flight.
final class InputStaging {
    private struct Slot {
        let start: Int
        var pending: Shared<CLEvent>?
    }

    private struct Ring {
        var slots: [Slot]
        var next = 0
    }

    private let memory: PageLockedMemory
    private let queue: Shared<CLQueue>
    private var rings: [ValueID: Ring] = [:]

    /// - Parameter sizes: bytes by input.
    init(_ sizes: [ValueID: Int], on backend: OpenCLBackend, queue: Shared<CLQueue>) throws(SemblanceError) {
        var total = 0
        for (value, size) in sizes.sorted(by: { $0.key.index < $1.key.index }) {
            let rounded = (size + 255) / 256 * 256
            rings[value] = Ring(slots: [Slot(start: total), Slot(start: total + rounded)])
            total += 2 * rounded
        }
        self.queue = queue
        memory = try PageLockedMemory(bytes: total, for: "staging the inputs", on: backend, queue: queue)
    }

    /// Copies `bytes` aside and queues their way to the device. Waits only where both slots are in flight.
    func write(_ bytes: UnsafeRawBufferPointer, of value: ValueID, to target: cl_mem, at offset: Int)
        throws(CLStatus)
    {
        guard var ring = rings[value], let source = bytes.baseAddress else { return }
        let slot = ring.next
        try ring.slots[slot].pending?.handle.wait()
        let start = memory.pointer + ring.slots[slot].start
        start.copyMemory(from: source, byteCount: bytes.count)
        var event: cl_event?
        try check(
            clEnqueueWriteBuffer(
                queue.handle.id, target, cl_bool(CL_FALSE), offset, bytes.count, start, 0, nil, &event))
        ring.slots[slot].pending = event.map { Shared(CLEvent(owning: $0)) }
        ring.next = 1 - slot
        rings[value] = ring
        try queue.handle.flush()
    }
}
