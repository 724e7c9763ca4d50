/// What a device is, in words that go into every result and log.
public struct Device: Sendable, Hashable {
    public enum Kind: String, Sendable {
        case cpu, gpu, accelerator
    }

    public var kind: Kind
    /// How the device is asked for: `cpu` or `opencl:PLATFORM:DEVICE`.
    public var identifier: String
    /// The device's own name.
    public var name: String
    /// The OpenCL platform, or the library that computes on the CPU.
    public var platform: String
    public var driver: String
    /// Bytes that may be used, where known.
    public var memory: Int?

    public init(
        kind: Kind, identifier: String, name: String, platform: String, driver: String, memory: Int? = nil
    ) {
        self.kind = kind
        self.identifier = identifier
        self.name = name
        self.platform = platform
        self.driver = driver
        self.memory = memory
    }
}

/// How a program is prepared.
public struct PlanOptions: Sendable {
    /// Elements kept free around every value that is written, filled with a pattern that `Plan.damagedGuards` checks: for tests.
    public var guardElements = 0
    /// Fills the arena and the outputs with NaN at preparation, so that what a step forgets to write shows: for tests.
    public var poisons = false
    /// Records the time of each step where the device can tell.
    public var profiles = false

    public init() {}
}

/// Something that runs programs: the CPU through oneDNN, or an OpenCL device.
public protocol Backend: Sendable {
    var device: Device { get }
    /// How activations are stored and multiplied.
    var precision: Precision { get }

    /// Whether an operation with these shapes runs on this backend.
    func supports(_ op: Op, inputs: [Shape], outputs: [Shape]) -> Bool

    /// Allocates, builds and packs everything that running the program needs.
    /// - Throws: `unsupportedOperation`, `programBuildFailed`, `outOfMemory` or `deviceFault`.
    func prepare(_ program: Program, options: PlanOptions) throws(SemblanceError) -> any Plan

    /// What went wrong without harm to the results, such as a cache that cannot be written. Each note is given once.
    func takeNotes() -> [String]
}

extension Backend {
    public var precision: Precision { .float }
    public func takeNotes() -> [String] { [] }
}

/// The time of one kernel or primitive in the last run.
public struct StepTiming: Sendable {
    public var kernel: String
    /// The step that it belongs to: an index of `Program.steps`.
    public var step: Int
    /// Seconds since the run's first kernel began.
    public var start: Double
    public var seconds: Double

    public init(kernel: String, step: Int, start: Double, seconds: Double) {
        self.kernel = kernel
        self.step = step
        self.start = start
        self.seconds = seconds
    }
}

/// A program ready to run again and again. Running allocates nothing, builds nothing and waits for nothing. A plan belongs to
/// one thread at a time.
public protocol Plan: AnyObject {
    var program: Program { get }
    var device: Device { get }
    /// What `run` enqueues, in order: kernels, or primitives with the implementation that was chosen.
    var kernels: [String] { get }
    /// Bytes allocated for values, arena and workspace.
    var memory: Int { get }

    /// Copies `values` into an input or a state, for the next run. The caller's memory is free on return.
    func write(_ values: UnsafeBufferPointer<Float>, to value: ValueID) throws(SemblanceError)
    /// Queues one run.
    func run() throws(SemblanceError)
    /// Waits for the runs queued so far and copies an output or a state out.
    func read(_ value: ValueID, into values: UnsafeMutableBufferPointer<Float>) throws(SemblanceError)
    /// Times of the last run's kernels, in their order; empty unless prepared with `profiles`.
    func timings() throws(SemblanceError) -> [StepTiming]
    /// Names of the values whose guard regions were written to.
    func damagedGuards() throws(SemblanceError) -> [String]
}

extension Plan {
    /// - Precondition: as many values as the value's shape has.
    public func write(_ values: [Float], to value: ValueID) throws(SemblanceError) {
        try values.withUnsafeBufferPointer { (buffer) throws(SemblanceError) in try write(buffer, to: value) }
    }

    public func read(_ value: ValueID) throws(SemblanceError) -> [Float] {
        var result = [Float](repeating: .nan, count: program.shape(of: value).count)
        try result.withUnsafeMutableBufferPointer { (buffer) throws(SemblanceError) in
            try read(value, into: buffer)
        }
        return result
    }
}
