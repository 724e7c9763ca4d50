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

    /// x -> batch norm -> convolution, and where wanted x + batch norm too.
    private static func convolution(readsNorm: Bool, _ random: inout RandomSource) throws -> Case {
        func pick(_ range: ClosedRange<Int>) -> Int { Int.random(in: range, using: &random) }
        let channels = 16 * pick(2...6), outputs = 16 * pick(2...11)
        let padding = Padding(top: pick(0...2), left: pick(0...2), bottom: pick(0...2), right: pick(0...2))
        let x: Shape = [pick(1...3), channels, pick(3...21), pick(3...21)]
        let convolution = Convolution(
            window: Window(kernel: Extent(3), padding: padding), hasBias: pick(0...1) == 1,
            hasResidual: pick(0...1) == 1,
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

    @Test(arguments: [false, true])
    func agreesWithTheReference(readsNorm: Bool) throws {
        let seed = UInt64.random(in: .min ... .max)
        print("Winograd on the CPU, seed \(seed)")
        var random = RandomSource(seed: seed)
        var options = PlanOptions()
        options.guardElements = 64
        options.poisons = true
        var taken: Set<String> = []
        for _ in 0..<20 {
            let each = try Self.convolution(readsNorm: readsNorm, &random)
            let reference = ReferenceBackend().plan(each.program)
            for threads in [1, 2, 3, 5] {
                let plan = try CPUBackend(threads: threads).prepare(each.program, options: options)
                let winograd = plan.kernels.filter { $0.contains(" winograd_") }
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
                            Tolerances.winograd(outputs: 4, channels: each.channels))
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
        if CPUBackend.hasVectorKernels {
            #expect(taken == ["convolution winograd_2x3:avx512", "convolution winograd_4x3:avx512"])
        } else {
            print("skipped in part: no AVX-512, so oneDNN computed these")
        }
    }
}
