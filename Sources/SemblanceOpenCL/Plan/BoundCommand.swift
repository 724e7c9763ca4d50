import COpenCL
import SemblanceCore

/// A command with everything that enqueueing needs, made once.
struct BoundCommand {
    enum Work {
        /// A kernel object of its own: arguments belong to the object, and are set once.
        case kernel(Shared<CLKernel>, global: [Int], local: [Int])
        case product(CLBlastProduct)
    }

    /// The kernel's function, or `clblast.gemm`.
    let kernel: String
    /// The operation and the value it computes, for messages.
    let subject: String
    /// The step of the program that it belongs to.
    var step = 0
    let work: Work

    /// Bytes of temporary memory that CLBlast needs.
    var temporarySize: Int {
        if case .product(let product) = work { product.temporarySize } else { 0 }
    }

    func enqueue(on queue: borrowing CLQueue, temporary: cl_mem?, event: UnsafeMutablePointer<cl_event?>?)
        throws(CLStatus)
    {
        switch work {
        case .kernel(let kernel, let global, let local):
            try check(
                clEnqueueNDRangeKernel(
                    queue.id, kernel.handle.id, cl_uint(global.count), nil, global, local, 0, nil, event))
        case .product(let product):
            try product.enqueue(on: queue, temporary: temporary, event: event)
        }
    }
}

extension KernelLaunch {
    /// A kernel object with its arguments set.
    /// - Throws: `programBuildFailed`, or `deviceFault` naming the kernel where it does not fit the device.
    func bind(on backend: OpenCLBackend, buffers: [Shared<CLBuffer>], subject: String) throws(SemblanceError)
        -> BoundCommand
    {
        let program: Shared<CLProgram>
        do {
            program = try backend.programs.program(
                ProgramSource(name: source, defines: defines), in: backend.context)
        } catch {
            throw SemblanceError(
                error.code, "\(subject), kernel \(function): \(error.message)", remedy: error.remedy,
                cause: error.cause)
        }
        do {
            let kernel = Shared(try CLKernel(function, in: program.handle))
            try set(arguments, of: kernel.handle, buffers: buffers)
            return BoundCommand(
                kernel: function, subject: subject, work: .kernel(kernel, global: global, local: local))
        } catch {
            throw error.error("\(subject), preparing kernel \(function) on \(backend.device.name)")
        }
    }

    private func set(
        _ arguments: [KernelArgument], of kernel: borrowing CLKernel, buffers: [Shared<CLBuffer>]
    )
        throws(CLStatus)
    {
        var index = 0
        for argument in arguments {
            switch argument {
            case .tensor(let tensor):
                try kernel.set(index, buffers[tensor.buffer].handle.id)
                index += 1
                try kernel.set(index, cl_ulong(tensor.offset))
            case .int(let value):
                guard let value = cl_int(exactly: value) else { throw .invalidValue }
                try kernel.set(index, value)
            case .ulong(let value): try kernel.set(index, cl_ulong(value))
            case .uint(let value): try kernel.set(index, value)
            case .float(let value): try kernel.set(index, value)
            case .local(let floats):
                try kernel.setLocal(index, bytes: floats * MemoryLayout<Float>.stride)
            }
            index += 1
        }
    }
}
