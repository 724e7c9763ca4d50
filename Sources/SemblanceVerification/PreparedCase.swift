import SemblanceCore

/// A case with data and what should come out, to be held against one way of computing it after the other.
package struct PreparedCase {
    package let opCase: OpCase
    private let data: (inputs: [[Float]], before: [[Float]?])
    private let layout: CaseProgram
    private let expected: [[Double]]
    private let inHalf: Bool

    /// - Parameters:
    ///   - constants: whether the case's parameters never change, as at inference, so that backends may pack them.
    ///   - precision: how what will be tried stores activations.
    ///   - reference: what says what should come out; it shares no code with what will be tried.
    /// - Throws: what the reference throws.
    package init(
        _ opCase: OpCase, seed: UInt64, constants: Bool, precision: Precision = .float,
        reference: any Backend
    ) throws(SemblanceError) {
        self.opCase = opCase
        inHalf = precision.storesHalf
        var random = RandomSource(seed: seed)
        data = opCase.data(&random, inHalf: inHalf)
        layout = CaseProgram(
            opCase, inHalf ? .intermediates : .inputs, constants: data.inputs, packs: constants)
        let plan = try reference.prepare(layout.program, options: PlanOptions())
        try layout.write(data.inputs, data.before, to: plan)
        try plan.run()
        var expected: [[Double]] = []
        for index in opCase.outputs.indices {
            expected.append(try layout.read(index, from: plan).map(Double.init))
        }
        self.expected = expected
    }

    /// Prepares the case on a backend, with poisoned outputs, guards and a clock.
    /// - Throws: what the backend throws.
    package func trial(on backend: any Backend) throws(SemblanceError) -> CaseTrial {
        var options = PlanOptions.checked
        options.profiles = true
        let plan = try backend.prepare(layout.program, options: options)
        try layout.write(data.inputs, data.before, to: plan)
        return CaseTrial(self, plan)
    }

    /// The operation's place in the program: copies stand around it where it works on halves.
    fileprivate var step: Int? {
        layout.program.steps.firstIndex { step in
            if case .reshape = step.op { false } else { true }
        }
    }

    fileprivate func read(_ plan: any Plan) throws(SemblanceError) -> [[Float]] {
        var results: [[Float]] = []
        for index in opCase.outputs.indices { results.append(try layout.read(index, from: plan)) }
        return results
    }

    fileprivate func flaw(of results: [[Float]], kernels: [String]) -> String? {
        for (index, output) in opCase.outputs.enumerated() {
            let tolerance = opCase.tolerance(for: output, kernels: kernels)
            let comparison = tolerance.compare(
                got: results[index], want: expected[index], shape: output.shape,
                inHalf: inHalf && opCase.op.givesHalf(output: index))
            if let failure = comparison.failure { return failure }
        }
        return nil
    }
}

/// A case prepared on a backend.
package final class CaseTrial {
    private let prepared: PreparedCase
    private let plan: any Plan
    /// What the last check read.
    private var results: [[Float]] = []

    /// What runs.
    package var kernels: [String] { plan.kernels }

    fileprivate init(_ prepared: PreparedCase, _ plan: any Plan) {
        self.prepared = prepared
        self.plan = plan
    }

    /// Runs it once and compares with the reference.
    /// - Returns: what is wrong, or nil.
    /// - Throws: what running throws.
    package func check() throws(SemblanceError) -> String? {
        try plan.run()
        results = try prepared.read(plan)
        if let flaw = prepared.flaw(of: results, kernels: plan.kernels) { return flaw }
        return try damage()
    }

    /// Whether what a run leaves is still what the check saw, bit for bit.
    /// - Returns: what is wrong, or nil.
    /// - Throws: what reading throws.
    package func checkAgain() throws(SemblanceError) -> String? {
        for (now, before) in zip(try prepared.read(plan), results)
        where !zip(now, before).allSatisfy({ $0.bitPattern == $1.bitPattern }) {
            return "the same data gave other bits in another run"
        }
        return try damage()
    }

    private func damage() throws(SemblanceError) -> String? {
        let damaged = try plan.damagedGuards()
        return damaged.isEmpty ? nil : "it wrote outside of \(damaged.joined(separator: ", "))"
    }

    /// One run of the operation, from its first kernel's start to its last one's end by the device's clock; by the host's, with all else that a
    /// run has, where the device has none.
    /// - Throws: what running throws.
    package func seconds() throws(SemblanceError) -> Double {
        let start = ContinuousClock.now
        try plan.run()
        let step = prepared.step
        let timings = try plan.timings().filter { $0.step == step }
        if let first = timings.first, let last = timings.last {
            let span = last.start + last.seconds - first.start
            if span > 0 { return span }
        }
        _ = try prepared.read(plan)
        return start.secondsElapsed
    }
}

extension OpCase {
    /// A convolution, a fully connected layer or a gradient of these, as it stands in a program; nil for other operations. An activation that is
    /// not linear in pieces gives way to ReLU, because the tolerance goes by the size of sums.
    package init?(_ op: Op, inputs: [Shape], outputs: [Shape]) {
        var op = op
        let reduction: Int
        var parameters = 1..<2
        var slope: Int?
        switch op {
        case .convolution(var convolution):
            switch convolution.activation {
            case nil, .relu, .leakyRelu, .prelu: break
            default: convolution.activation = .relu
            }
            op = .convolution(convolution)
            // The bias and the residual are terms of the sum.
            reduction = inputs[1].count / max(inputs[1][0], 1) + 2
            parameters = 1..<(convolution.hasBias ? 3 : 2)
            slope = convolution.slopeIndex
        case .convolutionInputGradient(let convolution):
            reduction = inputs[1][0] / convolution.groups * convolution.window.kernel.count
        case .convolutionWeightGradient:
            reduction = inputs[1].batch * inputs[1].spatialCount
            parameters = 0..<0
        case .fullyConnected(let layer):
            reduction = inputs[1].channels + 1
            parameters = 1..<(layer.hasBias ? 3 : 2)
        case .fullyConnectedInputGradient:
            reduction = inputs[1].batch
        case .fullyConnectedWeightGradient:
            reduction = inputs[0].batch
            parameters = 0..<0
        default: return nil
        }
        let detail = inputs.map(\.description).joined(separator: ", ")
        self.init(
            op, detail,
            inputs.enumerated().map { index, shape in
                // Of variance 1, and made in a moment where there are millions.
                Input(shape, .uniform(index == slope ? 0.05...0.5 : -1.732...1.732))
            }, outputs.map { Output($0, reduction: reduction) })
        self.parameters = parameters
    }
}
