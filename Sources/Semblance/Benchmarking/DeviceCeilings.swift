import SemblanceCore

/// What a device reaches where nothing but memory or arithmetic is in the way: the roof that other figures are held against. Measured
/// through the same backend as all else, so that they say what is possible here and not what a data sheet promises.
public struct DeviceCeilings: Sendable, Codable, Hashable {
    /// A copy of 256 MiB, its reading and its writing counted, in bytes a second.
    public var copy: Double
    /// A product of square matrices, in operations a second.
    public var product: Double

    /// - Throws: what preparing on the device or running there throws.
    public init(of device: some Backend) throws(SemblanceError) {
        let isGPU = device.device.kind == .gpu
        // The least that an operation can do: what lies below the bound stays.
        copy = try Self.rate(on: device, of: .activation(.clip(low: -1e30, high: 1e30)), [1 << 13, 1 << 13]) {
            $0.bytes
        }
        let side = isGPU ? 4096 : 2048
        product = try Self.rate(
            on: device, of: .fullyConnected(FullyConnected(hasBias: false)), [side, side]
        ) {
            $0.operations
        }
    }

    /// The best of some runs, since anything else on the machine can only slow them down.
    private static func rate(
        on device: some Backend, of op: Op, _ shape: Shape, _ amount: (OpWork) -> Int
    ) throws(SemblanceError) -> Double {
        var program = Program(), random = RandomSource(seed: 1)
        func values() -> [Float] { (0..<shape.count).map { _ in random.uniform(-1...1) } }
        // An output apart, of one number: waiting for a large one would time the transfer.
        let input = program.add("x", shape, .state, initial: values())
        var inputs = [input]
        if case .fullyConnected = op {
            inputs.append(program.add("weight", shape, .constant, initial: values()))
        }
        let result = try program.append(op, inputs, named: "y")
        let last = try program.append(
            .slice(axis: 0, start: shape[0] - 1, count: 1), result, named: "last")
        program.setStorage(.output, of: last[0])
        let plan = try device.prepare(program, options: PlanOptions())
        let work = Double(
            amount(program.work(of: program.steps[0], stored: program.elements(device.precision))))
        var best = Double.infinity
        for _ in 0..<7 {
            let start = ContinuousClock.now
            try plan.run()
            _ = try plan.read(last[0])
            best = min(best, start.secondsElapsed)
        }
        return work / best
    }
}
