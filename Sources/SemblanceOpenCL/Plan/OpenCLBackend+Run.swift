import SemblanceCore

extension OpenCLBackend {
    /// Runs commands once on buffers with the given contents: for tests and for tuning, outside of any plan.
    /// - Parameters:
    ///   - buffers: their contents; the first is scratch memory, made as large as the commands ask.
    ///   - index: the buffer to read back.
    package func run(
        buffers contents: [[Float]], reading index: Int,
        _ lower: (inout Lowering) throws(SemblanceError) -> Void
    ) throws(SemblanceError) -> [Float] {
        var lowering = Lowering(traits: traits, scratchBuffer: MemoryPlan.scratch)
        try lower(&lowering)
        var steps = LoweredSteps()
        steps.append("commands", lowering.commands)
        let stride = MemoryLayout<Float>.stride
        var buffers: [Shared<CLBuffer>] = []
        for (position, values) in contents.enumerated() {
            let count = position == MemoryPlan.scratch ? lowering.scratchCount : values.count
            buffers.append(try allocate(bytes: (count + MemoryPlan.margin) * stride, for: "commands"))
        }
        do {
            let queue = try CLQueue(context: context, device: opencl.id, profiles: false)
            for (buffer, values) in zip(buffers, contents) {
                try values.withUnsafeBufferPointer { (values) throws(CLStatus) in
                    try queue.write(UnsafeRawBufferPointer(values), to: buffer.handle.id, at: 0)
                }
            }
            let commands = try steps.bind(on: self, buffers: buffers, queue: queue)
            let size = commands.map(\.temporarySize).max() ?? 0
            let temporary = size > 0 ? try allocate(bytes: size, for: "CLBlast's temporary memory") : nil
            for command in commands {
                try command.enqueue(on: queue, temporary: temporary?.handle.id, event: nil)
            }
            var result = [Float](repeating: .nan, count: contents[index].count)
            try result.withUnsafeMutableBufferPointer { (values) throws(CLStatus) in
                try queue.read(buffers[index].handle.id, at: 0, into: UnsafeMutableRawBufferPointer(values))
            }
            return result
        } catch let error as SemblanceError {
            throw error
        } catch let status as CLStatus {
            throw status.error("running commands on \(device.name)")
        } catch {
            throw SemblanceError(.internalFault, "running commands on \(device.name)", cause: error)
        }
    }
}
