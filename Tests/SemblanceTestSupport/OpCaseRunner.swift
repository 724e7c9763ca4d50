import Foundation
import SemblanceCore

/// Runs cases on a backend and compares with the reference.
package enum OpCaseRunner {
    /// How a case's values are stored: backends treat constants (packed) and views of one large state (training) differently.
    package enum Placement: String, CaseIterable, Sendable {
        case inputs, constants, views
    }

    /// Runs the case twice on one plan with different data, in every placement that makes a difference.
    /// - Returns: what is wrong, or nil.
    /// - Throws: what the backend throws.
    package static func run(_ opCase: OpCase, on backend: any Backend, seed: UInt64) throws(SemblanceError)
        -> String?
    {
        for placement in Placement.allCases {
            if placement == .constants, opCase.parameters.isEmpty { continue }
            if let failure = try run(opCase, on: backend, placement, seed: seed) {
                return """
                    \(opCase.name) on \(backend.device.name), values as \(placement.rawValue), seed \(seed): \(failure)
                    """
            }
        }
        return nil
    }

    private static func run(
        _ opCase: OpCase, on backend: any Backend, _ placement: Placement, seed: UInt64
    ) throws(SemblanceError) -> String? {
        var random = RandomSource(seed: seed, stream: 0)
        var data = opCase.data(&random)
        let layout = CaseProgram(opCase, placement, constants: data.inputs)
        var options = PlanOptions()
        options.guardElements = 64
        options.poisons = true
        let inputShapes = opCase.inputs.map(\.shape), outputShapes = opCase.outputs.map(\.shape)
        guard backend.supports(opCase.op, inputs: inputShapes, outputs: outputShapes) else {
            return "the backend does not support it"
        }
        let plan = try backend.prepare(layout.program, options: options)
        let reference = ReferenceBackend().plan(layout.program)
        for round in 0..<2 {
            if round > 0 {
                let constants = data.inputs
                data = opCase.data(&random)
                if placement == .constants {
                    for index in opCase.parameters { data.inputs[index] = constants[index] }
                }
            }
            for one in [plan, reference] as [any Plan] {
                try layout.write(data.inputs, data.before, to: one)
                try one.run()
            }
            for (index, output) in opCase.outputs.enumerated() {
                let got = try layout.read(index, from: plan)
                let want = reference.tensor(layout.outputs[index]).values
                let tolerance = opCase.tolerance(for: output, kernels: plan.kernels)
                if let failure = tolerance.failure(got: got, want: want, shape: output.shape) {
                    return
                        "output \(index) of run \(round): \(failure); kernels: \(plan.kernels.joined(separator: ", "))"
                }
            }
            let damaged = try plan.damagedGuards()
            if !damaged.isEmpty { return "run \(round) wrote outside of \(damaged.joined(separator: ", "))" }
            if let damage = try layout.damage(in: plan) { return "run \(round): \(damage)" }
        }
        return nil
    }
}

/// The one-step program of a case.
private struct CaseProgram {
    var program = Program()
    var inputs: [ValueID] = []
    var outputs: [ValueID] = []
    private let placement: OpCaseRunner.Placement
    private let parameters: Range<Int>
    /// The state that all views lie in.
    private var base: ValueID?
    /// What the host holds of `base`, and which of it belongs to a value.
    private static let filler: Float = 0.123

    init(_ opCase: OpCase, _ placement: OpCaseRunner.Placement, constants: [[Float]]) {
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
                if placement == .constants { storage = .constant }
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
        program.append(opCase.op, inputs, into: outputs)
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
