import COpenCL
import SemblanceCore

/// A context and a queue of their own, in which one thing is tried: what goes wrong there spoils nothing else.
final class ProbeBench {
    enum Argument {
        case buffer(Shared<CLBuffer>)
        case uint(Int)
        case local(bytes: Int)
    }

    let backend: OpenCLBackend
    let queue: Shared<CLQueue>
    var random: RandomSource
    /// Whether warps are emulated, for tests without a GPU.
    let isEmulated: Bool

    /// What kernels were given, which they do not keep alive by themselves.
    private var arguments: [Argument] = []
    /// Whether a kernel, or its launch, was turned down.
    private(set) var wasRefused = false

    var device: OpenCLDevice { backend.opencl }

    init(_ device: OpenCLDevice, seed: UInt64, faults: FaultInjection, isEmulated: Bool)
        throws(SemblanceError)
    {
        // Nothing kept on disk: a program is to be built, and what is tuned is of no matter.
        backend = try OpenCLBackend(device, binaries: .off, tuning: .off, faults: faults)
        random = RandomSource(seed: seed)
        self.isEmulated = isEmulated
        do {
            queue = Shared(try CLQueue(context: backend.context, device: device.id, profiles: false))
        } catch {
            throw error.error("opening a queue on \(device.device.name)")
        }
    }

    /// What the driver answers to `work`, as an error that names it.
    func asking<Result>(_ what: String, _ work: () throws(CLStatus) -> Result) throws(SemblanceError)
        -> Result
    {
        do { return try work() } catch { throw error.error(what) }
    }

    /// As `asking`, of what a driver may turn down.
    private func offering<Result>(_ what: String, _ work: () throws(CLStatus) -> Result)
        throws(SemblanceError)
        -> Result
    {
        do {
            return try work()
        } catch {
            wasRefused = true
            throw error.error(what)
        }
    }

    // MARK: Memory

    func buffer(bytes: Int, for purpose: String = "the probe") throws(SemblanceError) -> Shared<CLBuffer> {
        try backend.allocate(bytes: bytes, for: purpose)
    }

    func buffer<Value: BitwiseCopyable>(_ values: [Value]) throws(SemblanceError) -> Shared<CLBuffer> {
        let buffer = try buffer(bytes: max(values.count, 1) * MemoryLayout<Value>.stride)
        try asking("writing a buffer") { () throws(CLStatus) in
            try values.withUnsafeBufferPointer { (values) throws(CLStatus) in
                try queue.handle.write(UnsafeRawBufferPointer(values), to: buffer.handle.id, at: 0)
            }
        }
        return buffer
    }

    /// Memory for results, filled with what no trial gives.
    func results<Value: FixedWidthInteger & BitwiseCopyable>(_ count: Int, _ type: Value.Type)
        throws(SemblanceError) -> Shared<CLBuffer>
    {
        try buffer([Value](repeating: Value(truncatingIfNeeded: 0xFFDF_FFDF as UInt32), count: count))
    }

    func read<Value: BitwiseCopyable>(_ buffer: Shared<CLBuffer>, _ count: Int, like filler: Value)
        throws(SemblanceError) -> [Value]
    {
        var values = [Value](repeating: filler, count: count)
        try asking("reading a buffer") { () throws(CLStatus) in
            try values.withUnsafeMutableBufferPointer { (values) throws(CLStatus) in
                try queue.handle.read(buffer.handle.id, at: 0, into: UnsafeMutableRawBufferPointer(values))
            }
        }
        return values
    }

    // MARK: Kernels

    func program(_ source: String, _ defines: [String: Int] = [:]) throws(SemblanceError) -> Shared<CLProgram>
    {
        try backend.programs.program(ProgramSource(name: source, defines: defines), in: backend.context)
    }

    func kernel(_ function: String, of program: Shared<CLProgram>, _ arguments: [Argument] = [])
        throws(SemblanceError) -> Shared<CLKernel>
    {
        self.arguments += arguments
        return try offering("making the kernel \(function)") { () throws(CLStatus) in
            let kernel = try CLKernel(function, in: program.handle)
            for (index, argument) in arguments.enumerated() {
                switch argument {
                case .buffer(let buffer): try kernel.set(index, buffer.handle.id)
                case .uint(let value): try kernel.set(index, cl_uint(truncatingIfNeeded: value))
                case .local(let bytes): try kernel.setLocal(index, bytes: bytes)
                }
            }
            return Shared(kernel)
        }
    }

    func enqueue(_ kernel: Shared<CLKernel>, global: Int, local: Int) throws(SemblanceError) {
        try offering("launching a kernel") { () throws(CLStatus) in
            var (global, local) = (global, local)
            try check(
                clEnqueueNDRangeKernel(
                    queue.handle.id, kernel.handle.id, 1, nil, &global, &local, 0, nil, nil))
        }
    }

    func finish() throws(SemblanceError) {
        try asking("waiting for the device") { () throws(CLStatus) in try queue.handle.finish() }
    }

    // MARK: Time

    /// Seconds of single runs: at least three, and as many as fit into a fifth of a second, up to `most`.
    func times(most: Int, _ run: () throws(SemblanceError) -> Void) throws(SemblanceError) -> [Double] {
        var times: [Double] = []
        let start = ContinuousClock.now
        while times.count < most, times.count < 3 || start.secondsElapsed < 0.2 {
            let begin = ContinuousClock.now
            try run()
            times.append(begin.secondsElapsed)
        }
        return times
    }
}
