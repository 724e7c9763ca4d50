import SemblanceCPU
import SemblanceCore
import SemblanceTestSupport
import SemblanceVerification
import Testing

/// The CPU's own batch norm in training against the double-precision reference, in the layouts that convolutions leave, whose bits depend on no number of
/// threads.
@Suite struct BatchNormStripsTests {
    @Test(arguments: Vectors.allCases)
    func agreesWithTheReference(vectors: Vectors) throws {
        guard vectors <= .widest else { return print("skipped: the processor has no \(vectors)") }
        let seed = UInt64.random(in: .min ... .max)
        print("batch norm on the CPU, seed \(seed)")
        var random = RandomSource(seed: seed)
        func pick(_ range: ClosedRange<Int>) -> Int { Int.random(in: range, using: &random) }
        for index in 0..<24 {
            // Whole vectors of channels, and others; behind a convolution, and as they come; also far from 0.
            let channels = index % 3 == 0 ? pick(1...40) : 8 * pick(1...9)
            let shape: Shape = [pick(1...9), channels, pick(1...23), pick(1...23)]
            let (kernel, isMatrix) = (index % 2 == 0 ? 1 : 3, index % 8 == 3)
            let x: Shape = isMatrix ? [pick(2...40), channels] : shape
            var program = Program()
            let image = program.add("x", x, .input)
            var value = image
            var inputs = [image]
            if !isMatrix, index % 4 < 3 {
                let convolution = Convolution(
                    window: Window(kernel: Extent(kernel), padding: Padding(kernel / 2)))
                inputs.append(program.add("weight", [channels, channels, kernel, kernel], .input))
                value = try program.append(.convolution(convolution), inputs, named: "convolution")[0]
            }
            let dy = program.add("dy", x, .input)
            let scale = program.add("scale", [channels], .input)
            let shift = program.add("shift", [channels], .input)
            inputs += [dy, scale, shift]
            let forward = [x, [channels], [channels]].map { program.add("forward", $0, .output) }
            let running = (0..<2).map { _ in program.add("running", [channels], .state) }
            program.append(.batchNormTraining(BatchNorm()), [value, scale, shift], into: forward + running)
            let backward = [x, [channels], [channels]].map { program.add("backward", $0, .output) }
            program.append(
                .batchNormTrainingGradient(BatchNorm()), [value, dy, scale, forward[1], forward[2]],
                into: backward)
            let center: Float = index % 5 == 4 ? 100 : 0
            // What outputs are of the size of, where a single channel's may cancel. A center of 100 deviations magnifies rounding as sums
            // do that are 100 squared times as long.
            let count = x.count / channels
            let terms = inputs.count == 5 ? channels * kernel * kernel : 1
            let deviation = Double(terms).squareRoot(), root = Double(count).squareRoot()
            let scales = [1, deviation, 0, deviation, 0, 0, root, root]
            let reduction = (count + terms) * (center == 0 ? 1 : 10_000)
            let written = inputs.map { input in
                (0..<program.shape(of: input).count).map { _ in
                    random.normal() + (input == image ? center : 0)
                }
            }
            let reference = ReferenceBackend().plan(program)
            var bits: [[Float]]?
            for threads in [1, 2, 3, 5] {
                let plan = try CPUBackend(threads: threads, vectors: vectors).prepare(
                    program, options: .checked)
                for target in [plan, reference] as [any Plan] {
                    for (input, values) in zip(inputs, written) { try target.write(values, to: input) }
                    for state in running {
                        try target.write(Array(repeating: 0.5, count: channels), to: state)
                    }
                    try target.run()
                }
                let all = forward + running + backward
                let got = try all.map { try plan.read($0) }
                // Of 2 to 4 elements some channel's nearly agree: dividing by their deviation magnifies the convolution's rounding, and
                // dx all but cancels. The Op table has such counts without a convolution.
                for ((value, got), scale) in zip(zip(all, got), scales) where count > 4 {
                    let failure = Tolerance.elements(reduction: reduction, scale: scale).failure(
                        got: got, want: try reference.read(value).map(Double.init),
                        shape: program.shape(of: value))
                    #expect(
                        failure == nil,
                        "\(x), kernel \(kernel), \(program[value].name), \(threads) threads, \(plan.kernels): \(failure ?? "")"
                    )
                }
                #expect(try plan.damagedGuards().isEmpty, "\(x)")
                if isMatrix || index % 4 == 3 {
                    #expect(got == bits ?? got, "\(x), \(threads) threads")
                    bits = got
                }
            }
        }
    }
}
