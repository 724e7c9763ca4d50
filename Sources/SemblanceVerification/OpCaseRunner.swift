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
        let plan = try backend.prepare(layout.program, options: .checked)
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
