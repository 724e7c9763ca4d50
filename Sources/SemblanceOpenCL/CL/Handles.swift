import COpenCL

// Every cl_* handle is the same OpaquePointer to Swift. One owning type for each kind keeps a kernel from being released as a
// buffer, and releases in deinit. They are Sendable because OpenCL objects may be used from any thread; only the setting of a
// kernel's arguments may not, and that happens once, at preparation.

package struct CLContext: ~Copyable, @unchecked Sendable {
    package let id: cl_context

    package init(device: cl_device_id) throws(CLStatus) {
        var code: cl_int = 0
        var device: cl_device_id? = device
        guard let id = clCreateContext(nil, 1, &device, nil, nil, &code) else {
            throw CLStatus(rawValue: code)
        }
        self.id = id
    }

    /// The same context once more.
    package init(sharing other: borrowing CLContext) {
        id = other.id
        clRetainContext(id)
    }

    deinit { clReleaseContext(id) }
}

/// An in-order command queue.
package struct CLQueue: ~Copyable, @unchecked Sendable {
    package let id: cl_command_queue

    package init(context: borrowing CLContext, device: cl_device_id, profiles: Bool) throws(CLStatus) {
        var code: cl_int = 0
        let properties = profiles ? cl_command_queue_properties(CL_QUEUE_PROFILING_ENABLE) : 0
        guard let id = clCreateCommandQueue(context.id, device, properties, &code) else {
            throw CLStatus(rawValue: code)
        }
        self.id = id
    }

    package func finish() throws(CLStatus) { try check(clFinish(id)) }
    package func flush() throws(CLStatus) { try check(clFlush(id)) }

    /// Copies host memory into a buffer and waits for it.
    package func write(_ bytes: UnsafeRawBufferPointer, to buffer: cl_mem, at offset: Int) throws(CLStatus) {
        guard !bytes.isEmpty else { return }
        try check(
            clEnqueueWriteBuffer(
                id, buffer, cl_bool(CL_TRUE), offset, bytes.count, bytes.baseAddress, 0, nil, nil))
    }

    /// Copies a part of a buffer into host memory and waits for it.
    package func read(_ buffer: cl_mem, at offset: Int, into bytes: UnsafeMutableRawBufferPointer)
        throws(CLStatus)
    {
        guard !bytes.isEmpty else { return }
        try check(
            clEnqueueReadBuffer(
                id, buffer, cl_bool(CL_TRUE), offset, bytes.count, bytes.baseAddress, 0, nil, nil))
    }

    deinit {
        // Commands may still use buffers whose handles go next.
        clFinish(id)
        clReleaseCommandQueue(id)
    }
}

package struct CLProgram: ~Copyable, @unchecked Sendable {
    package let id: cl_program

    /// Owns a program that was created elsewhere.
    package init(owning id: cl_program) { self.id = id }

    deinit { clReleaseProgram(id) }
}

package struct CLKernel: ~Copyable, @unchecked Sendable {
    package let id: cl_kernel

    package init(_ function: String, in program: borrowing CLProgram) throws(CLStatus) {
        var code: cl_int = 0
        guard let id = clCreateKernel(program.id, function, &code) else { throw CLStatus(rawValue: code) }
        self.id = id
    }

    /// Sets the argument at `index` to a copy of `value`: a number or a buffer's handle.
    package func set<Value: BitwiseCopyable>(_ index: Int, _ value: Value) throws(CLStatus) {
        var value = value
        try check(clSetKernelArg(id, cl_uint(index), MemoryLayout<Value>.size, &value))
    }

    /// Makes the argument at `index` a block of so many bytes of local memory.
    package func setLocal(_ index: Int, bytes: Int) throws(CLStatus) {
        try check(clSetKernelArg(id, cl_uint(index), bytes, nil))
    }

    deinit { clReleaseKernel(id) }
}

package struct CLBuffer: ~Copyable, @unchecked Sendable {
    package let id: cl_mem
    package let size: Int

    package init(context: borrowing CLContext, size: Int, flags: Int32 = CL_MEM_READ_WRITE) throws(CLStatus) {
        var code: cl_int = 0
        guard let id = clCreateBuffer(context.id, cl_mem_flags(flags), size, nil, &code) else {
            throw CLStatus(rawValue: code)
        }
        self.id = id
        self.size = size
    }

    /// A part of another buffer, which it keeps alive.
    package init(part range: Range<Int>, of buffer: borrowing CLBuffer) throws(CLStatus) {
        var code: cl_int = 0
        var region = cl_buffer_region(origin: range.lowerBound, size: range.count)
        guard
            let id = clCreateSubBuffer(
                buffer.id, cl_mem_flags(CL_MEM_READ_WRITE),
                cl_buffer_create_type(CL_BUFFER_CREATE_TYPE_REGION),
                &region, &code)
        else { throw CLStatus(rawValue: code) }
        self.id = id
        size = range.count
    }

    deinit { clReleaseMemObject(id) }
}

package struct CLEvent: ~Copyable, @unchecked Sendable {
    package let id: cl_event

    package init(owning id: cl_event) { self.id = id }

    /// Waits for the command.
    /// - Throws: the command's own status where it failed.
    package func wait() throws(CLStatus) {
        var event: cl_event? = id
        let code = clWaitForEvents(1, &event)
        guard code != 0 else { return }
        var status: cl_int = 0
        clGetEventInfo(
            id, cl_event_info(CL_EVENT_COMMAND_EXECUTION_STATUS), MemoryLayout<cl_int>.size, &status, nil)
        throw CLStatus(rawValue: status < 0 ? status : code)
    }

    /// Nanoseconds on the device's clock.
    package func time(of moment: Int32) throws(CLStatus) -> UInt64 {
        var result: cl_ulong = 0
        try check(
            clGetEventProfilingInfo(
                id, cl_profiling_info(moment), MemoryLayout<cl_ulong>.size, &result, nil))
        return result
    }

    deinit { clReleaseEvent(id) }
}

/// Puts a noncopyable handle where copies of a reference are wanted: arrays, dictionaries, several owners.
package final class Shared<Handle: ~Copyable & Sendable>: Sendable {
    package let handle: Handle
    package init(_ handle: consuming Handle) { self.handle = handle }
}
