import SemblanceCore

/// The commands of a program's steps, before they are bound to a device.
package struct LoweredSteps {
    package typealias Rule = (Op, [DeviceTensor], [DeviceTensor], inout Lowering) throws(SemblanceError) ->
        Void

    private typealias Step = (subject: String, commands: [Command])
    private var steps: [Step] = []
    /// What is run once, at preparation.
    private var preparation: [Step] = []
    private(set) var scratchCount = 0
    private(set) var packing = Packing()
    /// Scratch and packed tensors with guards around them, by step.
    private(set) var scratch: [MemoryPlan.Region] = []

    init() {}

    mutating func append(_ subject: String, _ commands: [Command]) { steps.append((subject, commands)) }

    /// - Parameter limit: floats of the largest buffer.
    /// - Throws: `unsupportedOperation` naming the step.
    init(
        _ program: Program, layout: MemoryPlan, traits: DeviceTraits, limit: Int, guardElements: Int,
        rule: Rule
    ) throws(SemblanceError) {
        packing = Packing(buffer: MemoryPlan.packed, limit: limit)
        for step in program.steps {
            // Steps share scratch memory, unless guards are to survive until the end of the run.
            var lowering = Lowering(
                traits: traits, scratchBuffer: MemoryPlan.scratch,
                scratchStart: guardElements > 0 ? scratchCount : 0, packing: packing,
                guardElements: guardElements)
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
            preparation.append((subject, lowering.preparation))
            packing = lowering.packing
            scratchCount = max(scratchCount, lowering.scratchCount)
            scratch += lowering.guardedScratch.map { tensor in
                MemoryPlan.Region("scratch of \(subject)", tensor)
            }
        }
    }

    /// Builds the programs and makes an object for each command of a run.
    func bind(on backend: OpenCLBackend, buffers: [Shared<CLBuffer>], queue: borrowing CLQueue)
        throws(SemblanceError) -> [BoundCommand]
    {
        try bind(steps, on: backend, buffers: buffers, queue: queue)
    }

    /// As `bind`, for what is run once.
    func bindPreparation(on backend: OpenCLBackend, buffers: [Shared<CLBuffer>], queue: borrowing CLQueue)
        throws(SemblanceError) -> [BoundCommand]
    {
        try bind(preparation, on: backend, buffers: buffers, queue: queue)
    }

    private func bind(
        _ steps: [Step], on backend: OpenCLBackend, buffers: [Shared<CLBuffer>], queue: borrowing CLQueue
    ) throws(SemblanceError) -> [BoundCommand] {
        var bound: [BoundCommand] = []
        for (step, (subject, commands)) in steps.enumerated() {
            let first = bound.count
            for command in commands {
                switch command {
                case .launch(let launch):
                    bound.append(try launch.bind(on: backend, buffers: buffers, subject: subject))
                case .product(let product):
                    CLBlastParameters.settle(on: backend.opencl)
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
