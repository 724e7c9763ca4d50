import SemblanceCPU
import SemblanceCore
import SemblanceTestSupport
import Testing

/// The CPU's own pointwise and depthwise convolutions against the double-precision reference, for random shapes and numbers of threads.
@Suite struct ChannelsLastTests {
    enum Kind: String, CaseIterable {
        case pointwise, depthwise
        case pooled = "depthwise and maxPool"
        /// Of few channels to a vector of them: oneDNN's, in a layout that is relabelled.
        case first
    }

    private struct Case: CustomStringConvertible {
        var description: String
        var program: Program
        var inputs: [ValueID]
        var output: ValueID
        var reduction: Int
        var padding: Padding
    }

    private static func made(_ kind: Kind, _ random: inout RandomSource) throws -> Case {
        func pick(_ range: ClosedRange<Int>) -> Int { Int.random(in: range, using: &random) }
        // Half have as many channels as a kernel of its own knows.
        let channels = pick(0...1) == 1 ? 16 << pick(0...3) : pick(1...90)
        var x: Shape = [pick(1...3), channels, pick(1...25), pick(1...25)]
        var outputs = pick(1...150)
        var convolution = Convolution(
            window: Window(kernel: Extent(1)), hasBias: pick(0...1) == 1, hasResidual: pick(0...1) == 1,
            activation: .prelu)
        switch kind {
        case .pointwise: break
        case .first:
            (x[1], outputs) = (pick(1...4), 16)
            convolution.window = Window(
                kernel: Extent(pick(1...5), pick(1...5)), stride: Extent(pick(1...2)),
                padding: Padding(pick(0...2)))
            x = [x[0], x[1], x[2] + 4, x[3] + 4]
            convolution.activation = [nil, .relu, .prelu][pick(0...2)]
        case .pooled:
            outputs = 16 * pick(1...6)
            x = [x[0], outputs, x[2] + 3, x[3] + 3]
            convolution.groups = outputs
            convolution.window = Window(
                kernel: Extent(3),
                padding: Padding(
                    top: pick(0...3), left: pick(0...3), bottom: pick(0...3), right: pick(0...3)))
            convolution.hasResidual = false
            convolution.activation = [nil, .relu, .leakyRelu(slope: 0.3)][pick(0...2)]
        case .depthwise:
            outputs = 16 * pick(1...6)
            x = [x[0], outputs, x[2] + 8, x[3] + 8]
            convolution.groups = outputs
            let isUsual = pick(0...1) == 1
            convolution.window = Window(
                kernel: isUsual ? Extent(3) : Extent(pick(1...4), pick(1...4)),
                stride: Extent(pick(1...3), pick(1...3)),
                padding: Padding(
                    top: pick(0...3), left: pick(0...3), bottom: pick(0...3), right: pick(0...3)),
                dilation: isUsual ? Extent(1) : Extent(pick(1...2), pick(1...2)))
        }
        let weight: Shape = [
            outputs, x.channels / convolution.groups, convolution.window.kernel.height,
            convolution.window.kernel.width,
        ]
        var program = Program()
        func constant(_ name: String, _ shape: Shape) -> ValueID {
            program.add(
                name, shape, .constant, initial: (0..<shape.count).map { _ in random.normal() })
        }
        var inputs = [program.add("x", x, .input), constant("weight", weight)]
        let size = try convolution.window.output(height: x.height, width: x.width)
        if convolution.hasBias { inputs.append(constant("bias", [outputs])) }
        var written = [inputs[0]]
        if convolution.hasResidual {
            written.append(program.add("residual", [x.batch, outputs, size.height, size.width], .input))
            inputs.append(written[1])
        }
        if convolution.activation == .prelu { inputs.append(constant("slope", [outputs])) }
        var y = try program.append(.convolution(convolution), inputs, named: "y")[0]
        if kind == .pooled {
            let halving = Window(kernel: Extent(2), stride: Extent(2))
            y = try program.append(.maxPool(halving), [y], named: "pooled")[0]
        }
        program.setStorage(.output, of: y)
        return Case(
            description: "\(convolution) of \(x) with \(weight)", program: program, inputs: written,
            output: y,
            reduction: weight.count / outputs, padding: convolution.window.padding)
    }

    @Test(arguments: Kind.allCases)
    func agreesWithTheReference(kind: Kind) throws {
        let seed = UInt64.random(in: .min ... .max)
        print("\(kind) convolutions, seed \(seed)")
        var random = RandomSource(seed: seed)
        for _ in 0..<40 {
            let each = try Self.made(kind, &random)
            let reference = ReferenceBackend().plan(each.program)
            for threads in [1, 2, 3, 5] {
                let plan = try CPUBackend(threads: threads).prepare(each.program, options: .checked)
                let isOurs = plan.kernels.contains("convolution \(kind.rawValue):avx512")
                if kind != .first {
                    #expect(isOurs == (Vectors.widest == .avx512), "\(each): \(plan.kernels)")
                }
                if isOurs, kind == .pooled { #expect(plan.kernels.allSatisfy { !$0.hasPrefix("maxPool") }) }
                for input in each.inputs {
                    let values = (0..<each.program.shape(of: input).count).map { _ in random.normal() }
                    for target in [plan, reference] as [any Plan] { try target.write(values, to: input) }
                }
                for target in [plan, reference] as [any Plan] { try target.run() }
                let failure = Tolerance.elements(reduction: each.reduction, scale: 1).failure(
                    got: try plan.read(each.output), want: try reference.read(each.output).map(Double.init),
                    shape: each.program.shape(of: each.output))
                #expect(failure == nil, "\(each), \(threads) threads: \(failure ?? "")")
                #expect(try plan.damagedGuards().isEmpty, "\(each)")
                guard kind == .pooled, isOurs else { continue }
                // A NaN is never passed over for a number, as in maxPool.cl: all windows of windows that see it are NaN.
                let image = each.program.shape(of: each.inputs[0]), size = each.program.shape(of: each.output)
                let row = image.height / 2, column = image.width / 2
                var values = [Float](repeating: 1, count: image.count)
                values[row * image.width + column] = .nan
                try plan.write(values, to: each.inputs[0])
                try plan.run()
                func sees(_ pooled: Int, _ place: Int, _ padding: Int) -> Bool {
                    (2 * pooled - padding...2 * pooled + 3 - padding).contains(place)
                }
                for (index, value) in try plan.read(each.output).enumerated() {
                    // Of the first image's first channel alone.
                    let isSeen =
                        index < size.spatialCount && sees(index / size.width, row, each.padding.top)
                        && sees(index % size.width, column, each.padding.left)
                    #expect(value.isNaN == isSeen, "element \(index) of \(each)")
                }
            }
        }
    }

    /// What others read, or may turn around, is not pooled on the way.
    @Test(arguments: [0, 1, 2])
    func leavesOtherPoolingsAlone(variant: Int) throws {
        var program = Program()
        let x = program.add("x", [1, 16, 8, 8], .input)
        let weight = program.add(
            "weight", [16, 1, 3, 3], .constant, initial: [Float](repeating: 0.1, count: 144))
        let slope = program.add("slope", [16], .constant, initial: [Float](repeating: -1, count: 16))
        let convolution = Convolution(
            window: Window(kernel: Extent(3), padding: Padding(1)), groups: 16,
            activation: variant == 0 ? .prelu : .relu)
        let inputs = variant == 0 ? [x, weight, slope] : [x, weight]
        let y = try program.append(.convolution(convolution), inputs, named: "y")[0]
        let window = Window(kernel: Extent(2), stride: Extent(variant == 1 ? 1 : 2))
        let pooled = try program.append(.maxPool(window), [y], named: "pooled")[0]
        program.setStorage(.output, of: pooled)
        if variant == 2 { program.setStorage(.output, of: y) }
        let kernels = try CPUBackend(threads: 1).prepare(program, options: PlanOptions()).kernels
        #expect(kernels.contains { $0.hasPrefix("maxPool") }, "\(kernels)")
    }

    /// Single activations that oneDNN fuses stay with it.
    @Test func leavesTheRestToOneDNN() throws {
        var program = Program()
        let x = program.add("x", [1, 32, 8, 8], .input)
        let weight = program.add(
            "weight", [32, 32, 1, 1], .constant, initial: [Float](repeating: 0.1, count: 1024))
        let convolution = Convolution(window: Window(kernel: Extent(1)), activation: .relu)
        let y = try program.append(.convolution(convolution), [x, weight], named: "y")[0]
        program.setStorage(.output, of: y)
        let kernels = try CPUBackend(threads: 1).prepare(program, options: PlanOptions()).kernels
        #expect(!kernels.contains { $0.contains("pointwise") }, "\(kernels)")
    }
}
