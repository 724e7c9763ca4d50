import Foundation
import SemblanceCore

/// Runs cases on a backend and compares with the reference.
package enum OpCaseRunner {
    /// How a case's values are stored: backends treat constants (packed) and views of one large state (training) differently, and store
    /// nothing but intermediates in half.
    package enum Placement: String, Sendable {
        case inputs, constants, views, intermediates
    }

    /// Runs the case twice on one plan with different data, in every placement that makes a difference. Outputs are poisoned
    /// and guarded, and the second run shows what was left of the first.
    /// - Parameter briefly: one run in one placement, for devices on which a run takes seconds.
    /// - Returns: what is wrong, or nil.
    /// - Throws: what the backend throws.
    package static func run(
        _ opCase: OpCase, on backend: any Backend, seed: UInt64, briefly: Bool = false
    ) throws(SemblanceError) -> String? {
        try measure(opCase, on: backend, seed: seed, briefly: briefly).failure
    }

    /// As `run`, with how near to the reference the outputs came.
    package static func measure(
        _ opCase: OpCase, on backend: any Backend, seed: UInt64, briefly: Bool = false
    ) throws(SemblanceError) -> CaseOutcome {
        var outcome = CaseOutcome()
        guard
            backend.supports(
                opCase.op, inputs: opCase.inputs.map(\.shape), outputs: opCase.outputs.map(\.shape))
        else {
            outcome.failure = "\(opCase.name): \(backend.device.name) does not support it"
            return outcome
        }
        var random = RandomSource(seed: seed)
        let inHalf = backend.precision.storesHalf
        let first = Round(opCase, opCase.data(&random, inHalf: inHalf))
        let second = Round(opCase, opCase.data(&random, inHalf: inHalf))
        let placements: [Placement] = inHalf ? [.intermediates] : [.inputs, .constants, .views]
        for placement in briefly ? Array(placements.prefix(1)) : placements {
            var rounds = briefly ? [first] : [first, second]
            if placement == .constants {
                guard !opCase.parameters.isEmpty else { continue }
                var data = second.data
                for index in opCase.parameters { data.inputs[index] = first.data.inputs[index] }
                rounds[1] = Round(opCase, data)
            }
            if let failure = try run(opCase, on: backend, placement, rounds, &outcome) {
                outcome.failure = """
                    \(opCase.name) on \(backend.device.name), values as \(placement.rawValue), seed \(seed): \(failure)
                    """
                return outcome
            }
        }
        return outcome
    }

    private static func run(
        _ opCase: OpCase, on backend: any Backend, _ placement: Placement, _ rounds: [Round],
        _ outcome: inout CaseOutcome
    ) throws(SemblanceError) -> String? {
        let layout = CaseProgram(opCase, placement, constants: rounds[0].data.inputs)
        var options = PlanOptions()
        options.guardElements = 64
        options.poisons = true
        let plan = try backend.prepare(layout.program, options: options)
        outcome.kernels.formUnion(plan.kernels)
        for (number, round) in rounds.enumerated() {
            try layout.write(round.data.inputs, round.data.before, to: plan)
            try plan.run()
            let rounding = OperandRounding(kernels: plan.kernels)
            let results = rounding.map { round.evaluated($0) } ?? round.results
            for (index, output) in opCase.outputs.enumerated() {
                let got = try layout.read(index, from: plan)
                let tolerance = opCase.tolerance(for: output, kernels: plan.kernels)
                let want = results[index].values
                let comparison = tolerance.compare(
                    got: got, want: want, shape: output.shape,
                    inHalf: placement == .intermediates && opCase.op.givesHalf(output: index))
                outcome.add(comparison)
                if let failure = comparison.failure {
                    let kernels = plan.kernels.joined(separator: ", ")
                    return "output \(index) of run \(number): \(failure); kernels: \(kernels)"
                }
            }
            let damaged = try plan.damagedGuards()
            if !damaged.isEmpty { return "run \(number) wrote outside of \(damaged.joined(separator: ", "))" }
            if let damage = try layout.damage(in: plan) { return "run \(number): \(damage)" }
        }
        return nil
    }
}

/// What running a case came to.
package struct CaseOutcome: Sendable {
    /// What is wrong, or nil.
    package var failure: String?
    /// The worst of the outputs, by what is allowed it; nil where none was computed.
    package private(set) var worst: Comparison?
    /// What really ran.
    package var kernels: Set<String> = []

    package init() {}

    mutating func add(_ comparison: Comparison) {
        func share(_ comparison: Comparison) -> Double { comparison.difference / comparison.allowed }
        if let worst, !(share(comparison) > share(worst)) { return }
        worst = comparison
    }
}

/// Data for one run, and what should come out.
private struct Round {
    let data: (inputs: [[Float]], before: [[Float]?])
    private(set) var results: [DoubleTensor] = []
    private let opCase: OpCase

    init(_ opCase: OpCase, _ data: (inputs: [[Float]], before: [[Float]?])) {
        self.opCase = opCase
        self.data = data
        results = evaluated(nil)
    }

    /// - Parameter rounding: of the two operands of a product, which come first.
    func evaluated(_ rounding: OperandRounding?) -> [DoubleTensor] {
        let inputs = zip(opCase.inputs, data.inputs).enumerated().map { index, input in
            let values = input.1.map { index < 2 ? rounding?.rounded($0) ?? $0 : $0 }
            return DoubleTensor(shape: input.0.shape, values: values.map(Double.init))
        }
        var outputs = zip(opCase.outputs, data.before).map { output, before in
            before.map { DoubleTensor(shape: output.shape, values: $0.map(Double.init)) }
                ?? DoubleTensor(shape: output.shape, repeating: .nan)
        }
        opCase.op.evaluate(inputs, into: &outputs)
        return outputs
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
