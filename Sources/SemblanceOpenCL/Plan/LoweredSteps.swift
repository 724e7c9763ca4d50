import SemblanceCore

/// The commands of a program's steps, before they are bound to a device.
package struct LoweredSteps {
    package typealias Rule = (Op, [DeviceTensor], [DeviceTensor], inout Lowering) throws(SemblanceError) ->
        Void

    private var steps: [(subject: String, commands: [Command])] = []
    private(set) var scratchCount = 0
    /// Scratch tensors with guards around them, by step.
    private(set) var scratch: [MemoryPlan.Region] = []

    init() {}

    mutating func append(_ subject: String, _ commands: [Command]) { steps.append((subject, commands)) }

    /// - Throws: `unsupportedOperation` naming the step.
    init(_ program: Program, layout: MemoryPlan, traits: DeviceTraits, guardElements: Int, rule: Rule)
        throws(SemblanceError)
    {
        for step in program.steps {
            // Steps share scratch memory, unless guards are to survive until the end of the run.
            var lowering = Lowering(
                traits: traits, scratchBuffer: MemoryPlan.scratch,
                scratchStart: guardElements > 0 ? scratchCount : 0, guardElements: guardElements)
            let name = step.outputs.first.map { program[$0].name } ?? "nothing"
            let subject = "\(step.op.name) (\(name))"
            do {
                try rule(
                    step.op, step.inputs.map { layout.tensors[$0.index] },
                    step.outputs.map { layout.tensors[$0.index] }, &lowering)
            } catch {
                throw SemblanceError(
                    error.code, "\(subject): \(error.message)", remedy: error.remedy, cause: error.cause)
            }
            steps.append((subject, lowering.commands))
            scratchCount = max(scratchCount, lowering.scratchCount)
            scratch += lowering.guardedScratch.map { tensor in
                MemoryPlan.Region(
                    name: "scratch of \(subject)", buffer: tensor.buffer, offset: tensor.offset,
                    count: tensor.count)
            }
        }
    }

    /// Builds the programs and makes an object for each command.
    func bind(on backend: OpenCLBackend, buffers: [Shared<CLBuffer>], queue: borrowing CLQueue)
        throws(SemblanceError) -> [BoundCommand]
    {
        var bound: [BoundCommand] = []
        for (step, (subject, commands)) in steps.enumerated() {
            let first = bound.count
            for command in commands {
                switch command {
                case .launch(let launch):
                    bound.append(try launch.bind(on: backend, buffers: buffers, subject: subject))
                case .product(let product):
                    do {
                        let product = try CLBlastProduct(
                            product, buffers: buffers, alignment: backend.opencl.alignment, queue: queue)
                        bound.append(
                            BoundCommand(kernel: "clblast.gemm", subject: subject, work: .product(product)))
                    } catch {
                        throw error.error("\(subject), preparing a product on \(backend.device.name)")
                    }
                }
            }
            for index in first..<bound.count { bound[index].step = step }
        }
        return bound
    }
}
