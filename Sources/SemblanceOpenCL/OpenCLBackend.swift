import COpenCL
import SemblanceCore
import Synchronization

/// Runs programs on an OpenCL device. One backend may prepare and run plans on several threads, a plan on one at a time.
package final class OpenCLBackend: Backend {
    package let opencl: OpenCLDevice
    package let programs: ProgramCache
    package let traits: DeviceTraits
    /// What tuning has found on this device, as read when the backend was opened: the choices are the traits'.
    package let tuning: TuningTable?
    let context: CLContext
    let faults: FaultPoints
    /// What is to be told once: why tensor cores are not used although the precision allows it, or a tuning table although there is a file.
    private let notes: Mutex<[String]>

    package var device: Device { opencl.device }
    package var precision: Precision { traits.precision }

    /// - Parameters:
    ///   - traits: what lowering is told of the device, where it is not the truth: tests run the kernels for GPUs and every GEMM on
    ///     a CPU device.
    ///   - convolution: how convolutions are computed, in place of what the traits say.
    ///   - precision: how activations are stored and multiplied, likewise. What allows tensor cores has the driver probed.
    ///   - tuning: the table that is read.
    ///   - faults: failures to force, for tests.
    package init(
        _ device: OpenCLDevice, traits: DeviceTraits? = nil, convolution: ConvolutionPolicy? = nil,
        precision: Precision? = nil, binaries: BinaryCaching = .automatic, tuning: TuningSource = .automatic,
        faults: FaultInjection = FaultInjection()
    ) throws(SemblanceError) {
        opencl = device
        self.faults = FaultPoints(faults)
        var traits = traits ?? device.traits
        if let convolution { traits.convolution = convolution }
        if let precision { traits.precision = precision }
        var note: String?
        if traits.tensorOperand == nil, let operand = traits.precision.tensorOperand {
            if let obstacle = DriverProbe(device).obstacle(to: operand) {
                // Results name the precision that was used. Halves are stored all the same, and nobody looks for tensor cores in a CPU.
                if operand == .tf32 { traits.precision = .float }
                if operand == .tf32 || traits.isGPU {
                    note = "convolutions multiply floats, without tensor cores: \(obstacle)"
                }
            } else {
                traits.tensorOperand = operand
            }
        }
        let (table, tuningNote) = TuningStore(tuning, for: device.device).load(for: traits)
        self.tuning = table
        var clblastNote: String?
        do throws(SemblanceError) {
            if let parameters = table?.clblast, try !CLBlastParameters.adopt(parameters, on: device) {
                clblastNote =
                    "CLBlast keeps other parameters than the tuning table's, with which this process began"
            }
        } catch {
            clblastNote = "CLBlast keeps its own parameters: \(error.message)"
        }
        notes = Mutex([note, tuningNote, clblastNote].compactMap { $0 })
        traits.tuned = table?.choices[traits.precision] ?? traits.tuned
        self.traits = traits
        programs = ProgramCache(
            device: device, store: BinaryStore(binaries, platform: device.device.platform),
            faults: faults)
        do {
            context = try CLContext(device: device.id)
        } catch {
            throw error.error("opening \(device.device.name)")
        }
    }

    /// A backend for trials: with the programs of another, and choices in place of that one's table.
    package init(sharing other: OpenCLBackend, choices: TuningChoices) {
        opencl = other.opencl
        programs = other.programs
        faults = other.faults
        context = CLContext(sharing: other.context)
        tuning = nil
        notes = Mutex([])
        var traits = other.traits
        traits.tuned = choices
        self.traits = traits
    }

    package func supports(_ op: Op, inputs: [Shape], outputs: [Shape]) -> Bool {
        (try? op.launches(inputs: inputs, outputs: outputs, on: traits)) != nil
    }

    package func takeNotes() -> [String] {
        let untold = notes.withLock { notes in
            defer { notes = [] }
            return notes
        }
        return untold + (programs.takeNote().map { [$0] } ?? [])
    }

    /// Builds the program of a launch and makes its kernel, without memory or arguments.
    /// - Throws: `programBuildFailed` with the compiler's log, or `deviceFault` where the program has no such kernel.
    package func build(_ launch: KernelLaunch) throws(SemblanceError) {
        let source = ProgramSource(name: launch.source, defines: launch.defines)
        let program = try programs.program(source, in: context)
        do {
            _ = try CLKernel(launch.function, in: program.handle)
        } catch {
            throw error.error("making the kernel \(launch.function) of \(launch.source).cl")
        }
    }

    package func prepare(_ program: Program, options: PlanOptions) throws(SemblanceError) -> any Plan {
        try OpenCLPlan(program, on: self, options: options)
    }

    /// - Throws: `outOfMemory` where buffers of these sizes are more than the device has.
    func checkFits(_ sizes: [Int]) throws(SemblanceError) {
        let total = sizes.reduce(0, +)
        guard let memory = device.memory, total > memory else { return }
        throw SemblanceError(
            .outOfMemory,
            "the plan needs \(total >> 20) MB on \(device.name), which has \(memory >> 20) MB",
            remedy: "use a smaller batch or another device")
    }

    /// Has the device back the buffers with memory now: drivers put that off until first use, and a shortage belongs to preparation.
    func commit(_ buffers: [Shared<CLBuffer>], on queue: borrowing CLQueue) throws(SemblanceError) {
        do {
            let undefined = cl_mem_migration_flags(CL_MIGRATE_MEM_OBJECT_CONTENT_UNDEFINED)
            var ids: [cl_mem?] = buffers.map { $0.handle.id }
            try check(
                clEnqueueMigrateMemObjects(queue.id, cl_uint(ids.count), &ids, undefined, 0, nil, nil))
            try queue.finish()
        } catch {
            let status = error == .outOfResources ? CLStatus.memoryAllocationFailure : error
            let total = buffers.map { $0.handle.size }.reduce(0, +) >> 20
            throw status.error("backing \(total) MB with memory on \(device.name)")
        }
    }

    /// - Throws: `outOfMemory` with the size and what it is for.
    func allocate(bytes: Int, for purpose: String, flags: Int32? = nil) throws(SemblanceError)
        -> Shared<CLBuffer>
    {
        do {
            try faults.allocate(bytes: bytes)
            if let flags { return Shared(try CLBuffer(context: context, size: bytes, flags: flags)) }
            return Shared(try CLBuffer(context: context, size: bytes))
        } catch {
            let megabytes = (bytes + 1 << 20 - 1) >> 20
            let limit = opencl.maxAllocation >> 20
            throw error.error(
                "allocating \(megabytes) MB for \(purpose) on \(device.name), which allows \(limit) MB at a time"
            )
        }
    }
}
