import SemblanceCore

/// The slow truth: every operation as a plain loop over its mathematical definition, in double precision. It shares no code
/// with the backends that it judges.
package struct ReferenceBackend: Backend {
    package init() {}

    package var device: Device {
        Device(
            kind: .cpu, identifier: "reference", name: "double-precision loops", platform: "Swift",
            driver: "none")
    }

    package func supports(_ op: Op, inputs: [Shape], outputs: [Shape]) -> Bool { true }

    package func prepare(_ program: Program, options: PlanOptions) throws(SemblanceError) -> any Plan {
        ReferencePlan(program)
    }

    /// As `prepare`, with access in double precision.
    package func plan(_ program: Program) -> ReferencePlan { ReferencePlan(program) }
}

/// Runs a program step by step. All values are kept in double precision, also between runs.
package final class ReferencePlan: Plan {
    package let program: Program
    /// Contents of every value that owns its memory; views stay empty.
    private var contents: [[Double]]

    init(_ program: Program) {
        self.program = program
        contents = program.values.indices.map { index in
            let value = program.values[index]
            switch value.storage {
            case .view: return []
            case .constant, .state:
                let initial = program.initialValues[ValueID(index)]
                return initial.map { $0.map(Double.init) }
                    ?? [Double](repeating: 0, count: value.shape.count)
            case .input, .output, .intermediate:
                return [Double](repeating: .nan, count: value.shape.count)
            }
        }
    }

    package var device: Device { ReferenceBackend().device }
    package var kernels: [String] { program.steps.map { "reference \($0.op.name)" } }
    package var memory: Int { contents.reduce(0) { $0 + $1.count * MemoryLayout<Double>.stride } }

    /// The value that owns the memory, and where in it this one starts.
    private func place(of id: ValueID) -> (owner: Int, offset: Int) {
        guard case .view(let base, let offset) = program[id].storage else { return (id.index, 0) }
        let place = place(of: base)
        return (place.owner, place.offset + offset)
    }

    /// The contents of any value, intermediates included.
    package func tensor(_ id: ValueID) -> DoubleTensor {
        let (owner, offset) = place(of: id)
        let shape = program.shape(of: id)
        return DoubleTensor(shape: shape, values: Array(contents[owner][offset..<offset + shape.count]))
    }

    package func set(_ id: ValueID, to values: [Double]) {
        precondition(values.count == program.shape(of: id).count)
        let (owner, offset) = place(of: id)
        contents[owner].replaceSubrange(offset..<offset + values.count, with: values)
    }

    package func write(_ values: UnsafeBufferPointer<Float>, to value: ValueID) throws(SemblanceError) {
        set(value, to: values.map(Double.init))
    }

    package func read(_ value: ValueID, into values: UnsafeMutableBufferPointer<Float>) throws(SemblanceError)
    {
        for (index, element) in tensor(value).values.enumerated() { values[index] = Float(element) }
    }

    package func run() throws(SemblanceError) {
        for step in program.steps {
            var outputs = step.outputs.map { tensor($0) }
            step.op.evaluate(step.inputs.map { tensor($0) }, into: &outputs)
            for (id, output) in zip(step.outputs, outputs) { set(id, to: output.values) }
        }
    }

    package func timings() throws(SemblanceError) -> [StepTiming] { [] }
    package func damagedGuards() throws(SemblanceError) -> [String] { [] }
}
