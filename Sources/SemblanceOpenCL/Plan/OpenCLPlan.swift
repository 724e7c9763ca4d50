import COpenCL
import SemblanceCore

/// A program bound to an OpenCL device: buffers allocated, programs built, kernels with their arguments. A run only enqueues.
package final class OpenCLPlan: Plan {
    package private(set) var program: Program
    let backend: OpenCLBackend
    private let queue: Shared<CLQueue>
    private let buffers: [Shared<CLBuffer>]
    private let temporary: Shared<CLBuffer>?
    private let staging: InputStaging
    private let commands: [BoundCommand]
    private let layout: MemoryPlan
    private let guards: Guards
    private let profiles: Bool
    /// The events of the last run, with `profiles`.
    private var events: [Shared<CLEvent>] = []

    package var device: Device { backend.device }
    package var kernels: [String] { commands.map(\.kernel) }
    package let memory: Int

    /// - Parameter lower: how steps become commands; tests put in their own.
    package init(
        _ program: Program, on backend: OpenCLBackend, options: PlanOptions,
        lower: LoweredSteps.Rule = { (op, inputs, outputs, lowering) throws(SemblanceError) in
            try op.lower(inputs: inputs, outputs: outputs, into: &lowering)
        }
    ) throws(SemblanceError) {
        self.program = program
        self.backend = backend
        profiles = options.profiles
        let stride = MemoryLayout<Float>.stride
        let limit = backend.opencl.maxAllocation / stride - MemoryPlan.margin
        layout = MemoryPlan(
            program, elements: program.elements(backend.traits.precision),
            guardElements: options.guardElements,
            alignment: max(backend.opencl.alignment / stride, 128), limit: limit)
        let steps = try LoweredSteps(
            program, layout: layout, traits: backend.traits, limit: limit,
            guardElements: options.guardElements, rule: lower)

        // Memory.
        var counts = layout.bufferCounts
        counts[MemoryPlan.scratch] = steps.scratchCount
        counts[MemoryPlan.packed] = steps.packing.count
        let sizes = counts.map { ($0 + MemoryPlan.margin) * stride }
        try backend.checkFits(sizes)
        do {
            queue = Shared(
                try CLQueue(
                    context: backend.context, device: backend.opencl.id, profiles: options.profiles))
        } catch {
            throw error.error("opening a queue on \(backend.device.name)")
        }
        var buffers: [Shared<CLBuffer>] = []
        for (index, size) in sizes.enumerated() {
            let purpose = ["the steps' scratch memory", "the intermediates", "packed parameters"]
            buffers.append(
                try backend.allocate(
                    bytes: size,
                    for: index < purpose.count ? purpose[index] : "inputs, outputs and parameters"))
        }
        self.buffers = buffers
        try backend.commit(buffers, on: queue.handle)

        // Commands.
        commands = try steps.bind(on: backend, buffers: buffers, queue: queue.handle)
        let temporarySize = commands.map(\.temporarySize).max() ?? 0
        temporary =
            temporarySize > 0
            ? try backend.allocate(bytes: temporarySize, for: "CLBlast's temporary memory") : nil
        var inputSizes: [ValueID: Int] = [:]
        for index in program.values.indices where program.values[index].storage == .input {
            inputSizes[ValueID(index)] = program.values[index].shape.count * stride
        }
        staging = try InputStaging(inputSizes, on: backend, queue: queue)
        memory = sizes.reduce(temporarySize, +) + 2 * inputSizes.values.reduce(0, +)
        guards = Guards(layout, scratch: steps.scratch, size: options.guardElements)
        try warmUp()
        try setContents(poisons: options.poisons)
        let packs = try steps.bindPreparation(on: backend, buffers: buffers, queue: queue.handle)
        for pack in packs {
            try naming(pack) { () throws(CLStatus) in
                try pack.enqueue(on: queue.handle, temporary: temporary?.handle.id, event: nil)
            }
        }
        try naming(nil) { () throws(CLStatus) in try queue.handle.finish() }
        // They are on the device now.
        self.program = program.withoutInitialValues()
    }

    /// Runs every product once, before the contents are set: CLBlast builds its programs at first use.
    private func warmUp() throws(SemblanceError) {
        var seen: Set<String> = []
        for command in commands {
            guard case .product(let product) = command.work, seen.insert(product.signature).inserted else {
                continue
            }
            try naming(command) { () throws(CLStatus) in
                try command.enqueue(on: queue.handle, temporary: temporary?.handle.id, event: nil)
            }
        }
        try naming(nil) { () throws(CLStatus) in try queue.handle.finish() }
    }

    private func setContents(poisons: Bool) throws(SemblanceError) {
        var fills = guards.fills
        // NaN, as a float and as two halves.
        let nan: UInt32 = 0x7FC0_7FC0
        func all(_ buffer: Int, _ pattern: UInt32) -> Fill {
            let count = buffers[buffer].handle.size / MemoryLayout<Float>.stride
            return Fill(
                tensor: DeviceTensor(buffer: buffer, offset: 0, shape: [count]), pattern: pattern)
        }
        var before: [Fill] = []
        if poisons {
            before = [MemoryPlan.scratch, MemoryPlan.arena, MemoryPlan.packed].map { all($0, nan) }
        }
        for (index, value) in program.values.enumerated() {
            switch value.storage {
            case .output where poisons: before.append(Fill(tensor: layout.tensors[index], pattern: nan))
            case .state where program.initialValues[ValueID(index)] == nil:
                before.append(Fill(tensor: layout.tensors[index], pattern: 0))
            default: break
            }
        }
        fills = before + fills
        if !fills.isEmpty { try Fill.run(fills, on: backend, buffers: buffers, queue: queue.handle) }
        for (value, values) in program.initialValues.sorted(by: { $0.key.index < $1.key.index }) {
            try values.withUnsafeBufferPointer { (bytes) throws(SemblanceError) in
                try writeNow(bytes, to: value)
            }
        }
    }

    package func write(_ values: UnsafeBufferPointer<Float>, to value: ValueID) throws(SemblanceError) {
        precondition(values.count == program.shape(of: value).count, "\(program[value].name): wrong count")
        guard program[value].storage == .input else { return try writeNow(values, to: value) }
        let tensor = layout.tensors[value.index]
        do {
            try staging.write(
                UnsafeRawBufferPointer(values), of: value, to: buffers[tensor.buffer].handle.id,
                at: tensor.place)
        } catch {
            throw error.error("writing \(program[value].name) to \(device.name)")
        }
    }

    /// Writes and waits: for what is written rarely.
    private func writeNow(_ values: UnsafeBufferPointer<Float>, to value: ValueID) throws(SemblanceError) {
        let tensor = layout.tensors[value.index]
        do {
            try queue.handle.write(
                UnsafeRawBufferPointer(values), to: buffers[tensor.buffer].handle.id,
                at: tensor.place)
        } catch {
            throw error.error("writing \(program[value].name) to \(device.name)")
        }
    }

    package func run() throws(SemblanceError) {
        events.removeAll(keepingCapacity: true)
        for command in commands {
            try naming(command) { () throws(CLStatus) in
                try backend.faults.enqueue()
                guard profiles else {
                    return try command.enqueue(on: queue.handle, temporary: temporary?.handle.id, event: nil)
                }
                var event: cl_event?
                try command.enqueue(on: queue.handle, temporary: temporary?.handle.id, event: &event)
                if let event { events.append(Shared(CLEvent(owning: event))) }
            }
        }
        try naming(nil) { () throws(CLStatus) in try queue.handle.flush() }
    }

    package func read(_ value: ValueID, into values: UnsafeMutableBufferPointer<Float>) throws(SemblanceError)
    {
        precondition(values.count == program.shape(of: value).count, "\(program[value].name): wrong count")
        let tensor = layout.tensors[value.index]
        let stride = MemoryLayout<Float>.stride
        do {
            var event: cl_event?
            try check(
                clEnqueueReadBuffer(
                    queue.handle.id, buffers[tensor.buffer].handle.id, cl_bool(CL_FALSE),
                    tensor.place,
                    values.count * stride, values.baseAddress, 0, nil, &event))
            guard let event else { return }
            let pending = CLEvent(owning: event)
            // The caller's memory must not be written to after an error either: wait first.
            try pending.wait()
            try backend.faults.wait()
        } catch {
            throw error.error("waiting for \(program[value].name) on \(device.name)")
        }
    }

    /// The time from a command's start to its end; a product of several kernels starts where the command before it ended.
    package func timings() throws(SemblanceError) -> [StepTiming] {
        guard let last = events.last else { return [] }
        do {
            try last.handle.wait()
            var timings: [StepTiming] = []
            var beginning: UInt64?, previous: UInt64?
            for (command, event) in zip(commands, events) {
                let end = try event.handle.time(of: CL_PROFILING_COMMAND_END)
                var start = try event.handle.time(of: CL_PROFILING_COMMAND_START)
                if case .product = command.work, let previous { start = min(start, previous) }
                let first = beginning ?? start
                timings.append(
                    StepTiming(
                        kernel: command.kernel, step: command.step, start: Double(start &- first) * 1e-9,
                        seconds: Double(end &- start) * 1e-9))
                beginning = first
                previous = end
            }
            return timings
        } catch {
            throw error.error("reading the times of the last run on \(device.name)")
        }
    }

    package func damagedGuards() throws(SemblanceError) -> [String] {
        do {
            return try guards.damaged(buffers: buffers, queue: queue.handle)
        } catch {
            throw error.error("reading guard regions on \(device.name)")
        }
    }

    private func naming(_ command: BoundCommand?, _ body: () throws(CLStatus) -> Void) throws(SemblanceError)
    {
        do {
            try body()
        } catch {
            let what = command.map { "\($0.subject), kernel \($0.kernel)" } ?? "queueing a run"
            throw error.fault("\(what) on \(device.name)")
        }
    }
}
