import SemblanceCPU
import SemblanceCore
import SemblanceTestSupport
import Testing

/// Products on bytes against the double-precision reference: their sums are exact, so only the last float operations may differ.
@Suite struct IntegerProductTests {
    private struct Case: CustomStringConvertible {
        var description: String
        var program: Program
        var input: ValueID
        var output: ValueID
        var levels: Quantisation
        var reduction: Int
        var residual: ValueID?
    }

    private static func weights(_ shape: Shape, _ random: inout RandomSource) -> [Float] {
        let row = shape.count / shape[0]
        return (0..<shape[0]).flatMap { _ in
            let scale = random.uniform(0.001...0.1)
            return (0..<row).map { _ in Float(Int.random(in: -127...127, using: &random)) * scale }
        }
    }

    private static func constant(
        _ name: String, _ count: Int, _ program: inout Program, _ random: inout RandomSource
    )
        -> ValueID
    {
        program.add(name, [count], .constant, initial: (0..<count).map { _ in random.normal() })
    }

    private static func convolution(_ random: inout RandomSource) throws -> Case {
        func pick(_ range: ClosedRange<Int>) -> Int { Int.random(in: range, using: &random) }
        let kernel = Extent(pick(1...4), pick(1...3))
        let window = Window(
            kernel: kernel, stride: Extent(pick(1...3), pick(1...2)),
            padding: Padding(top: pick(0...2), left: pick(0...2), bottom: pick(0...2), right: pick(0...1)),
            dilation: Extent(pick(1...2), pick(1...2)))
        let x: Shape = [pick(1...3), pick(1...70), pick(8...17), pick(8...13)]
        let weight: Shape = [pick(1...150), x.channels, kernel.height, kernel.width]
        let choice = pick(0...4)
        let activation: Activation? =
            [nil, .relu, .prelu, .leakyRelu(slope: 0.1), .prelu][choice]
        let convolution = Convolution(
            window: window, hasBias: pick(0...1) == 1, hasResidual: pick(0...2) == 0, activation: activation)
        return try made(
            .convolution(convolution), x: x, weight: weight, bias: convolution.hasBias,
            residual: convolution.hasResidual, slope: activation == .prelu, &random)
    }

    private static func matrix(_ random: inout RandomSource) throws -> Case {
        func pick(_ range: ClosedRange<Int>) -> Int { Int.random(in: range, using: &random) }
        let layer = FullyConnected(hasBias: pick(0...1) == 1)
        let columns = pick(1...5000)
        return try made(
            .fullyConnected(layer), x: [pick(1...17), columns], weight: [pick(1...130), columns],
            bias: layer.hasBias, residual: false, slope: false, &random)
    }

    private static func made(
        _ op: Op, x: Shape, weight: Shape, bias: Bool, residual: Bool, slope: Bool,
        _ random: inout RandomSource
    ) throws -> Case {
        var program = Program()
        let levels = Quantisation(
            scale: random.uniform(0.01...0.5), zero: Int.random(in: 0...255, using: &random))
        let input = program.add("x", x, .input)
        let rounded = try program.append(.quantise(levels), [input], named: "levels")[0]
        var inputs = [
            rounded, program.add("weight", weight, .constant, initial: weights(weight, &random)),
        ]
        if bias { inputs.append(constant("bias", weight[0], &program, &random)) }
        var shapes = inputs.map { program.shape(of: $0) }
        var added: ValueID?
        if residual {
            guard case .convolution(var bare) = op else {
                throw SemblanceError(.internalFault, "no residual")
            }
            (bare.hasResidual, bare.activation) = (false, nil)
            let y = try Op.convolution(bare).outputShapes(for: shapes)[0]
            let value = program.add("residual", y, .input)
            added = value
            inputs.append(value)
        }
        if slope { inputs.append(constant("slope", weight[0], &program, &random)) }
        shapes = inputs.map { program.shape(of: $0) }
        let y = try program.append(op, inputs, named: "y")[0]
        program.setStorage(.output, of: y)
        return Case(
            description: "\(op) of \(x) with \(weight), \(levels)", program: program, input: input, output: y,
            levels: levels, reduction: weight.count / weight[0], residual: added)
    }

    /// Values that no rounding error moves to another level, and some beyond the last.
    private static func values(_ count: Int, _ levels: Quantisation, _ random: inout RandomSource) -> [Float]
    {
        (0..<count).map { _ in
            (Float(Int.random(in: -280...280, using: &random)) + random.uniform(-0.4...0.4)) * levels.scale
        }
    }

    @Test(arguments: ["convolution", "matrix"])
    func agreesWithTheReference(kind: String) throws {
        let seed = UInt64.random(in: .min ... .max)
        print("integer products of a \(kind), seed \(seed)")
        var random = RandomSource(seed: seed)
        for _ in 0..<40 {
            let each = try kind == "matrix" ? Self.matrix(&random) : Self.convolution(&random)
            let shape = each.program.shape(of: each.output)
            let reference = ReferenceBackend().plan(each.program)
            for (threads, usesIntegers) in [(1, true), (2, true), (2, false)] {
                let backend = try CPUBackend(threads: threads, usesIntegers: usesIntegers)
                let plan = try backend.prepare(each.program, options: .checked)
                let isInteger = plan.kernels.contains { $0.contains("integer:") }
                #expect(isInteger == (usesIntegers && CPUBackend.hasIntegers), "\(each): \(plan.kernels)")
                // Twice: the second run shows what the first left.
                for _ in 0..<2 {
                    let x = Self.values(each.program.shape(of: each.input).count, each.levels, &random)
                    let residual = (0..<shape.count).map { _ in random.normal() }
                    for target in [plan, reference] as [any Plan] {
                        try target.write(x, to: each.input)
                        if let value = each.residual { try target.write(residual, to: value) }
                        try target.run()
                    }
                    let want = try reference.read(each.output).map(Double.init)
                    let tolerance = Tolerance.elements(reduction: each.reduction, scale: 0)
                    let failure = tolerance.failure(got: try plan.read(each.output), want: want, shape: shape)
                    #expect(failure == nil, "\(each), \(threads) threads, \(plan.kernels): \(failure ?? "")")
                    #expect(try plan.damagedGuards().isEmpty, "\(each)")
                }
            }
        }
    }

    /// Weights between the levels, a clip, groups: floats compute them, and give the same.
    @Test func leavesOthersToFloats() throws {
        var random = RandomSource(seed: 7)
        let levels = Quantisation(scale: 0.125, zero: 128)
        func kernels(_ convolution: Convolution, _ weight: [Float], shape: Shape) throws -> [String] {
            var program = Program()
            let x = program.add("x", [1, 8, 5, 5], .input)
            let rounded = try program.append(.quantise(levels), [x], named: "levels")[0]
            let parameter = program.add("weight", shape, .constant, initial: weight)
            let y = try program.append(.convolution(convolution), [rounded, parameter], named: "y")[0]
            program.setStorage(.output, of: y)
            return try CPUBackend(threads: 1).prepare(program, options: PlanOptions()).kernels
        }
        let window = Window(kernel: Extent(1))
        let rounded = Self.weights([16, 8, 1, 1], &random)
        let between = rounded.map { $0 + 0.3 * random.uniform(0...0.001) }
        let refused = try [
            kernels(Convolution(window: window), between, shape: [16, 8, 1, 1]),
            kernels(
                Convolution(window: window, activation: .sigmoid), rounded, shape: [16, 8, 1, 1]),
            kernels(Convolution(window: window, groups: 2), Array(rounded.prefix(64)), shape: [16, 4, 1, 1]),
        ]
        for kernels in refused { #expect(!kernels.contains { $0.contains("integer:") }, "\(kernels)") }
    }

    /// What bytes and other operations read stands as bytes and as floats.
    @Test func servesBothKindsOfReaders() throws {
        var random = RandomSource(seed: UInt64.random(in: .min ... .max))
        var program = Program()
        let levels = Quantisation(scale: 0.125, zero: 100)
        let x = program.add("x", [2, 7, 5, 5], .input)
        let rounded = try program.append(.quantise(levels), [x], named: "levels")[0]
        let weight = program.add(
            "weight", [7, 7, 1, 1], .constant, initial: Self.weights([7, 7, 1, 1], &random))
        let window = Window(kernel: Extent(1))
        let y = try program.append(.convolution(Convolution(window: window)), [rounded, weight], named: "y")[
            0]
        let sum = try program.append(.add, [y, rounded], named: "sum")[0]
        program.setStorage(.output, of: sum)
        let values = Self.values(350, levels, &random)
        let plans: [any Plan] = [
            try CPUBackend(threads: 2).prepare(program, options: PlanOptions()),
            ReferenceBackend().plan(program),
        ]
        var results: [[Float]] = []
        for plan in plans {
            try plan.write(values, to: x)
            try plan.run()
            results.append(try plan.read(sum))
        }
        let tolerance = Tolerance.elements(reduction: 7, scale: 0)
        #expect(
            tolerance.failure(got: results[0], want: results[1].map(Double.init), shape: [2, 7, 5, 5]) == nil)
    }
}
