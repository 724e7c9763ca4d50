import COpenCL
import SemblanceCore

/// Host memory that the driver allocates, page-locked where there is a bus to a device: transfers from and to it need no copy and no wait.
final class PageLockedMemory {
    let pointer: UnsafeMutableRawPointer
    let size: Int
    private let buffer: Shared<CLBuffer>
    private let queue: Shared<CLQueue>

    /// - Throws: `outOfMemory` naming the purpose, or `deviceFault`.
    init(bytes: Int, for purpose: String, on backend: OpenCLBackend, queue: Shared<CLQueue>)
        throws(SemblanceError)
    {
        self.queue = queue
        size = max(bytes, 256)
        buffer = try backend.allocate(
            bytes: size, for: purpose, flags: CL_MEM_READ_WRITE | CL_MEM_ALLOC_HOST_PTR)
        var code: cl_int = 0
        let mapped = clEnqueueMapBuffer(
            queue.handle.id, buffer.handle.id, cl_bool(CL_TRUE), cl_map_flags(CL_MAP_READ | CL_MAP_WRITE), 0,
            size,
            0, nil, nil, &code)
        guard let mapped else {
            throw CLStatus(rawValue: code).error("mapping memory for \(purpose) on \(backend.device.name)")
        }
        pointer = mapped
    }

    deinit {
        clEnqueueUnmapMemObject(queue.handle.id, buffer.handle.id, pointer, 0, nil, nil)
        clFinish(queue.handle.id)
    }
}
