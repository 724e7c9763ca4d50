import SemblanceCore
import SemblanceTestSupport
import Testing

/// The table of cases itself, and whether its runner would notice.
@Suite struct OpCaseTableTests {
    @Test func namesAreUnique() {
        var seen: Set<String> = []
        let twice = OpCase.all.map(\.name).filter { !seen.insert($0).inserted }
        #expect(twice.isEmpty)
    }

    /// Output shapes written by hand in the table against those that are inferred.
    @Test(arguments: OpCase.all)
    func shapesAreInferred(opCase: OpCase) throws {
        guard let shapes = try? opCase.op.outputShapes(for: opCase.inputs.map(\.shape)) else {
            #expect(opCase.op.isBackward, "\(opCase.name) is refused")
            return
        }
        #expect(shapes == opCase.outputs.map(\.shape))
    }

    @Test(arguments: OpCase.all.filter(\.isSmall))
    func theReferencePasses(opCase: OpCase) throws {
        let failure = try OpCaseRunner.run(
            opCase, on: FaultyBackend(fault: .none), seed: .random(in: .min ... .max))
        #expect(failure == nil)
    }

    @Test(arguments: OpCase.all.filter { $0.isSmall && !$0.isIdentity }, [Fault.oneElement, .forgets])
    func faultsAreNoticed(opCase: OpCase, fault: Fault) throws {
        let failure = try OpCaseRunner.run(
            opCase, on: FaultyBackend(fault: fault), seed: .random(in: .min ... .max))
        #expect(failure != nil)
    }

    /// With enough elements, so that two runs differ for certain.
    @Test(arguments: OpCase.all.filter { $0.isSmall && !$0.isIdentity && $0.outputs[0].shape.count >= 64 })
    func staleStateIsNoticed(opCase: OpCase) throws {
        let failure = try OpCaseRunner.run(
            opCase, on: FaultyBackend(fault: .stale), seed: .random(in: .min ... .max))
        #expect(failure != nil)
    }
}

extension Op {
    /// Whether the shapes of its outputs are the caller's to know.
    fileprivate var isBackward: Bool {
        switch self {
        case .reduceSum, .sgd, .adamW, .biasGradient: true
        default: name.hasSuffix("Gradient")
        }
    }
}

extension OpCase {
    /// Nothing changes from run to run: constant inputs, or a state that must not be touched.
    fileprivate var isIdentity: Bool {
        inputs.allSatisfy { if case .fixed = $0.fill { true } else { false } }
            || outputs.contains { $0.before != nil } && name.contains("norm")
    }
}

/// What a faulty backend does wrong.
enum Fault: CaseIterable, Sendable {
    case none
    /// One element of the first output is off by a thousandth of the largest.
    case oneElement
    /// The last element of the first output is never written.
    case forgets
    /// The first run's result is given for the second.
    case stale
}

/// The reference with a fault.
private struct FaultyBackend: Backend {
    let fault: Fault

    var device: Device { ReferenceBackend().device }
    func supports(_ op: Op, inputs: [Shape], outputs: [Shape]) -> Bool { true }
    func prepare(_ program: Program, options: PlanOptions) throws(SemblanceError) -> any Plan {
        FaultyPlan(ReferenceBackend().plan(program), fault)
    }
}

private final class FaultyPlan: Plan {
    let plan: ReferencePlan
    let fault: Fault
    private var first: [Double]?

    init(_ plan: ReferencePlan, _ fault: Fault) {
        self.plan = plan
        self.fault = fault
    }

    var program: Program { plan.program }
    var device: Device { plan.device }
    var kernels: [String] { plan.kernels }
    var memory: Int { plan.memory }
    func timings() throws(SemblanceError) -> [StepTiming] { [] }
    func damagedGuards() throws(SemblanceError) -> [String] { [] }

    func write(_ values: UnsafeBufferPointer<Float>, to value: ValueID) throws(SemblanceError) {
        try plan.write(values, to: value)
    }

    func read(_ value: ValueID, into values: UnsafeMutableBufferPointer<Float>) throws(SemblanceError) {
        try plan.read(value, into: values)
    }

    func run() throws(SemblanceError) {
        let output = program.steps[0].outputs[0]
        let before = plan.tensor(output).values
        try plan.run()
        var values = plan.tensor(output).values
        switch fault {
        case .none: break
        case .oneElement:
            let largest = values.reduce(0) { max($0, abs($1)) }
            values[values.count / 2] += max(largest, 0.1) * 1e-3
        case .forgets: values[values.count - 1] = before[values.count - 1]
        case .stale: values = first ?? values
        }
        first = first ?? values
        plan.set(output, to: values)
    }
}
