import SemblanceCore
import Synchronization

/// A backend whose training plan fails in one of its runs, as a device does that is lost.
final class FaultyBackend: Backend {
    private let inner: any Backend
    private let failingRun: Int

    /// - Parameter failingRun: counted from 1.
    init(_ inner: any Backend, failingRun: Int) {
        self.inner = inner
        self.failingRun = failingRun
    }

    var device: Device { inner.device }

    func supports(_ op: Op, inputs: [Shape], outputs: [Shape]) -> Bool {
        inner.supports(op, inputs: inputs, outputs: outputs)
    }

    func prepare(_ program: Program, options: PlanOptions) throws(SemblanceError) -> any Plan {
        let plan = try inner.prepare(program, options: options)
        // Verification's plans have no states.
        let trains = program.values.contains { $0.storage == .state }
        return trains ? FaultyPlan(plan, failingRun: failingRun) : plan
    }
}

private final class FaultyPlan: Plan {
    private let inner: any Plan
    private let failingRun: Int
    private var runs = 0

    init(_ inner: any Plan, failingRun: Int) {
        self.inner = inner
        self.failingRun = failingRun
    }

    var program: Program { inner.program }
    var device: Device { inner.device }
    var kernels: [String] { inner.kernels }
    var memory: Int { inner.memory }

    func run() throws(SemblanceError) {
        runs += 1
        guard runs != failingRun else { throw SemblanceError(.deviceFault, "the device is gone") }
        try inner.run()
    }

    func write(_ values: UnsafeBufferPointer<Float>, to value: ValueID) throws(SemblanceError) {
        try inner.write(values, to: value)
    }

    func read(_ value: ValueID, into values: UnsafeMutableBufferPointer<Float>) throws(SemblanceError) {
        try inner.read(value, into: values)
    }

    func timings() throws(SemblanceError) -> [StepTiming] { try inner.timings() }
    func damagedGuards() throws(SemblanceError) -> [String] { try inner.damagedGuards() }
}
