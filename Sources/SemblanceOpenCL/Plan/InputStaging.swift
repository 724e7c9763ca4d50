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

    private let buffer: Shared<CLBuffer>
    private let memory: UnsafeMutableRawPointer
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
        buffer = try backend.allocate(
            bytes: max(total, 256), for: "staging the inputs",
            flags: CL_MEM_READ_WRITE | CL_MEM_ALLOC_HOST_PTR)
        var code: cl_int = 0
        let mapped = clEnqueueMapBuffer(
            queue.handle.id, buffer.handle.id, cl_bool(CL_TRUE), cl_map_flags(CL_MAP_WRITE), 0,
            max(total, 256), 0,
            nil, nil, &code)
        guard let mapped else {
            throw CLStatus(rawValue: code).error("mapping the staging memory on \(backend.device.name)")
        }
        memory = mapped
    }

    deinit {
        clEnqueueUnmapMemObject(queue.handle.id, buffer.handle.id, memory, 0, nil, nil)
        clFinish(queue.handle.id)
    }

    /// Copies `bytes` aside and queues their way to the device. Waits only where both slots are in flight.
    func write(_ bytes: UnsafeRawBufferPointer, of value: ValueID, to target: cl_mem, at offset: Int)
        throws(CLStatus)
    {
        guard var ring = rings[value], let source = bytes.baseAddress else { return }
        let slot = ring.next
        try ring.slots[slot].pending?.handle.wait()
        let start = memory + ring.slots[slot].start
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
