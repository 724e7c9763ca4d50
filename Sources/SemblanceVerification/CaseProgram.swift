import SemblanceCore

/// The one-step program of a case.
struct CaseProgram {
    var program = Program()
    var inputs: [ValueID] = []
    var outputs: [ValueID] = []
    private let placement: OpCaseRunner.Placement
    private let parameters: Range<Int>
    /// The state that all views lie in.
    private var base: ValueID?
    /// What the host holds of `base`, and which of it belongs to a value.
    private static let filler: Float = 0.123

    /// - Parameter packs: whether parameters are constants, whatever the placement is.
    init(
        _ opCase: OpCase, _ placement: OpCaseRunner.Placement, constants: [[Float]], packs: Bool = false
    ) {
        self.placement = placement
        parameters = opCase.parameters
        // Views start at multiples of 16, as the trainer lays them out, with something between them.
        var total = 16
        func place(_ shape: Shape) -> Int {
            defer { total += (shape.count + 15) / 16 * 16 + 16 }
            return total
        }
        if placement == .views {
            let viewed = opCase.parameters.map { opCase.inputs[$0].shape } + opCase.outputs.map(\.shape)
            for shape in viewed { _ = place(shape) }
            base = program.add("base", [total], .state)
            total = 16
        }
        for (index, input) in opCase.inputs.enumerated() {
            var storage = Storage.input
            if parameters.contains(index) {
                if let base { storage = .view(of: base, offset: place(input.shape)) }
                if placement == .constants || packs { storage = .constant }
            }
            inputs.append(
                program.add(
                    "input \(index)", input.shape, storage,
                    initial: storage == .constant ? constants[index] : nil))
        }
        for (index, output) in opCase.outputs.enumerated() {
            var storage: Storage = output.before == nil ? .output : .state
            if let base { storage = .view(of: base, offset: place(output.shape)) }
            outputs.append(program.add("output \(index)", output.shape, storage))
        }
        guard placement == .intermediates else {
            program.append(opCase.op, inputs, into: outputs)
            return
        }
        let operands = inputs.enumerated().map { index, input in
            opCase.op.takesHalf(input: index) ? copied(input) : input
        }
        let results = outputs.enumerated().map { index, output in
            guard opCase.op.givesHalf(output: index) else { return output }
            return program.add("result \(index)", program.shape(of: output), .intermediate)
        }
        program.append(opCase.op, operands, into: results)
        for (result, output) in zip(results, outputs) where result != output {
            program.append(.reshape(program.shape(of: output).dimensions), [result], into: [output])
        }
    }

    /// An intermediate with the contents of an input.
    private mutating func copied(_ input: ValueID) -> ValueID {
        let shape = program.shape(of: input)
        let copy = program.add("copy of \(program[input].name)", shape, .intermediate)
        program.append(.reshape(shape.dimensions), [input], into: [copy])
        return copy
    }

    /// Where a value lies in the base.
    private func range(of id: ValueID) -> Range<Int>? {
        guard case .view(_, let offset) = program[id].storage else { return nil }
        return offset..<offset + program.shape(of: id).count
    }

    func write(_ data: [[Float]], _ before: [[Float]?], to plan: any Plan) throws(SemblanceError) {
        var flat = base.map { [Float](repeating: Self.filler, count: program.shape(of: $0).count) } ?? []
        for (id, values) in zip(inputs, data) {
            if let range = range(of: id) {
                flat.replaceSubrange(range, with: values)
            } else if case .input = program[id].storage {
                try plan.write(values, to: id)
            }
        }
        for (id, values) in zip(outputs, before) {
            if let range = range(of: id) {
                let poison = [Float](repeating: .nan, count: range.count)
                flat.replaceSubrange(range, with: values ?? poison)
            } else if let values {
                try plan.write(values, to: id)
            }
        }
        if let base { try plan.write(flat, to: base) }
    }

    func read(_ output: Int, from plan: any Plan) throws(SemblanceError) -> [Float] {
        let id = outputs[output]
        guard let base, let range = range(of: id) else { return try plan.read(id) }
        return Array(try plan.read(base)[range])
    }

    /// Whether something between the views has changed.
    func damage(in plan: any Plan) throws(SemblanceError) -> String? {
        guard let base else { return nil }
        let flat = try plan.read(base)
        var free = [Bool](repeating: true, count: flat.count)
        for id in inputs + outputs {
            for index in range(of: id) ?? 0..<0 { free[index] = false }
        }
        guard let index = flat.indices.first(where: { free[$0] && flat[$0] != Self.filler }) else {
            return nil
        }
        let owner = (inputs + outputs).last { (range(of: $0)?.lowerBound ?? .max) <= index }
        let name = owner.map { program[$0].name } ?? "the first view"
        return
            "element \(index) of the state, which lies behind \(name) and belongs to nothing, became \(flat[index])"
    }
}
