import SemblanceCPU
import SemblanceCore
import SemblanceTestSupport
import Testing

/// The CPU's own Winograd against the double-precision reference, for shapes and numbers of threads that the table of cases has none of.
@Suite struct WinogradConvolutionTests {
    private struct Case: CustomStringConvertible {
        var description: String
        var program = Program()
        var inputs: [ValueID] = []
        var outputs: [ValueID] = []
        var channels: Int
    }

    private static func constant(
        _ name: String, _ shape: Shape, _ range: ClosedRange<Float>, _ program: inout Program,
        _ random: inout RandomSource
    ) -> ValueID {
        program.add(
            name, shape, .constant, initial: (0..<shape.count).map { _ in random.uniform(range) })
    }

    /// The sizes of a 3x3 layer.
    private struct Layer {
        var x: Shape
        var outputs: Int
        var window: Window

        /// Channels, outputs, image and stride for which each form of tiles serves for certain, with padding of 1.
        private static let certain = [(272, 256, 6, 1), (272, 256, 12, 1), (272, 256, 32, 2)]

        /// - Parameter index: of the certain ones, or beyond for one at random.
        init(_ index: Int, batches: ClosedRange<Int>, _ random: inout RandomSource) {
            func pick(_ range: ClosedRange<Int>) -> Int { Int.random(in: range, using: &random) }
            guard index >= Self.certain.count else {
                let (channels, outputs, side, stride) = Self.certain[index]
                (x, self.outputs) = ([2, channels, side, side], outputs)
                window = Window(kernel: Extent(3), stride: Extent(stride), padding: Padding(1))
                return
            }
            x = [pick(batches), 16 * pick(2...6), pick(3...25), pick(3...25)]
            outputs = 16 * pick(2...11)
            // Input gradients of stride 2 need a padding of 1.
            let padding = Padding(
                top: pick(0...2), left: pick(0...2), bottom: pick(0...2), right: pick(0...2))
            window = Window(
                kernel: Extent(3), stride: Extent(pick(1...2)),
                padding: index % 2 == 0 ? Padding(1) : padding)
        }
    }

    /// x -> batch norm -> convolution, and where wanted x + batch norm too.
    private static func convolution(_ layer: Layer, readsNorm: Bool, _ random: inout RandomSource) throws
        -> Case
    {
        func pick(_ range: ClosedRange<Int>) -> Int { Int.random(in: range, using: &random) }
        let (x, outputs, channels) = (layer.x, layer.outputs, layer.x.channels)
        let convolution = Convolution(
            window: layer.window, hasBias: pick(0...1) == 1, hasResidual: pick(0...1) == 1,
            activation: [nil, .relu, .prelu, .leakyRelu(slope: 0.1), .tanh][pick(0...4)])
        var result = Case(description: "\(convolution) of \(x) to \(outputs)", channels: channels)
        var program = Program()
        let image = program.add("x", x, .input)
        let parameters = [0.5...1.5, -1...1, -1...1, 0.5...2].enumerated().map {
            constant("norm\($0)", [channels], $1, &program, &random)
        }
        let norm = try program.append(.batchNorm(BatchNorm()), [image] + parameters, named: "norm")[0]
        // Sums near 1, which no activation flattens.
        let bound = (1 / Float(9 * channels)).squareRoot()
        var inputs = [
            norm, constant("weight", [outputs, channels, 3, 3], -bound...bound, &program, &random),
        ]
        if convolution.hasBias { inputs.append(constant("bias", [outputs], -1...1, &program, &random)) }
        result.inputs = [image]
        if convolution.hasResidual {
            let size = try convolution.window.output(height: x.height, width: x.width)
            let residual = program.add("residual", [x.batch, outputs, size.height, size.width], .input)
            inputs.append(residual)
            result.inputs.append(residual)
        }
        if convolution.activation == .prelu {
            inputs.append(constant("slope", [outputs], -0.5...0.5, &program, &random))
        }
        result.outputs = try program.append(.convolution(convolution), inputs, named: "y")
        if readsNorm { result.outputs += try program.append(.add, [image, norm], named: "sum") }
        for output in result.outputs { program.setStorage(.output, of: output) }
        result.program = program
        return result
    }

    enum Gradient: CaseIterable {
        case input, weight

        var name: String { self == .input ? "convolutionInputGradient" : "convolutionWeightGradient" }
    }

    /// The gradients; of the weights', the bits depend on no number of threads.
    @Test(arguments: Gradient.allCases, [Vectors.avx2, .avx512])
    func theGradientsAgree(kind: Gradient, vectors: Vectors) throws {
        guard vectors <= .widest else { return print("skipped: the processor has no \(vectors)") }
        let seed = UInt64.random(in: .min ... .max)
        print("Winograd's \(kind) gradient on the CPU, seed \(seed)")
        var random = RandomSource(seed: seed)
        var taken: Set<String> = []
        for index in 0..<20 {
            let layer = Layer(index, batches: 1...9, &random)
            let (x, outputs, window) = (layer.x, layer.outputs, layer.window)
            let size = try window.output(height: x.height, width: x.width)
            let weight: Shape = [outputs, x.channels, 3, 3]
            var program = Program()
            let dy = program.add("dy", [x.batch, outputs, size.height, size.width], .input)
            let values: [ValueID]
            let gradient: ValueID
            let convolution = Convolution(window: window)
            switch kind {
            case .input:
                values = [dy, program.add("weight", weight, .input)]
                gradient = program.add("dx", x, .output)
                program.append(.convolutionInputGradient(convolution), values, into: [gradient])
            case .weight:
                values = [program.add("x", x, .input), dy]
                gradient = program.add("dw", weight, .output)
                program.append(.convolutionWeightGradient(convolution), values, into: [gradient])
            }
            let reference = ReferenceBackend().plan(program)
            var written: [[Float]] = []
            for value in values {
                written.append((0..<program.shape(of: value).count).map { _ in random.normal() })
                try reference.write(written[written.count - 1], to: value)
            }
            try reference.run()
            let want = try reference.read(gradient).map(Double.init)
            var bits: [Float]?
            for threads in [1, 2, 3, 5] {
                let plan = try CPUBackend(threads: threads, vectors: vectors).prepare(
                    program, options: .checked)
                taken.formUnion(plan.kernels.filter { $0.contains("winograd_") && $0.contains(kind.name) })
                for _ in 0..<2 {
                    for (value, data) in zip(values, written) { try plan.write(data, to: value) }
                    try plan.run()
                }
                let got = try plan.read(gradient)
                let terms = kind == .input ? outputs : x.batch * size.count / 16
                let tolerance = Tolerance.relativeL2(Tolerances.winograd(outputs: 4, terms: terms))
                let failure = tolerance.failure(got: got, want: want, shape: program.shape(of: gradient))
                let what = "\(x) to \(outputs), \(window), \(threads) threads, \(plan.kernels)"
                #expect(failure == nil, "\(what): \(failure ?? "")")
                #expect(try plan.damagedGuards().isEmpty, "\(what)")
                if kind == .weight, plan.kernels.contains(where: { $0.hasSuffix(":\(vectors)") }) {
                    #expect(got == bits ?? got, "\(what)")
                    bits = got
                }
            }
        }
        #expect(taken == Set(["2x3", "4x3", "4x2"].map { "\(kind.name) winograd_\($0):\(vectors)" }))
    }

    @Test(arguments: [false, true], Vectors.allCases)
    func agreesWithTheReference(readsNorm: Bool, vectors: Vectors) throws {
        guard vectors <= .widest else { return print("skipped: the processor has no \(vectors)") }
        let seed = UInt64.random(in: .min ... .max)
        print("Winograd on the CPU, seed \(seed)")
        var random = RandomSource(seed: seed)
        var taken: Set<String> = []
        for index in 0..<20 {
            let each = try Self.convolution(
                Layer(index, batches: 1...3, &random), readsNorm: readsNorm, &random)
            let reference = ReferenceBackend().plan(each.program)
            for threads in [1, 2, 3, 5] {
                let plan = try CPUBackend(threads: threads, vectors: vectors).prepare(
                    each.program, options: .checked)
                let winograd = plan.kernels.filter {
                    $0.contains(" winograd_") && $0.hasSuffix(":\(vectors)")
                }
                taken.formUnion(winograd)
                if !winograd.isEmpty {
                    #expect(
                        plan.kernels.contains { $0.hasPrefix("batchNorm") } == readsNorm, "\(plan.kernels)")
                }
                // Twice: the second run shows what the first left.
                for _ in 0..<2 {
                    for input in each.inputs {
                        let values = (0..<each.program.shape(of: input).count).map { _ in random.normal() }
                        for target in [plan, reference] as [any Plan] { try target.write(values, to: input) }
                    }
                    for target in [plan, reference] as [any Plan] { try target.run() }
                    for output in each.outputs {
                        let tolerance = Tolerance.relativeL2(
                            Tolerances.winograd(outputs: 4, terms: each.channels))
                        let failure = tolerance.failure(
                            got: try plan.read(output), want: try reference.read(output).map(Double.init),
                            shape: each.program.shape(of: output))
                        #expect(
                            failure == nil, "\(each), \(threads) threads, \(plan.kernels): \(failure ?? "")")
                    }
                    #expect(try plan.damagedGuards().isEmpty, "\(each)")
                }
            }
        }
        let ours = Set(["2x3", "4x3", "4x2"].map { "convolution winograd_\($0):\(vectors)" })
        #expect(taken == (vectors == .none ? [] : ours))
    }
}
