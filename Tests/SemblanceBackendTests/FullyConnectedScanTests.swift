import SemblanceCPU
import SemblanceCore
import SemblanceTestSupport
import SemblanceVerification
import Testing

/// The CPU's own way with large fully connected layers of single images, against the double-precision reference.
@Suite struct FullyConnectedScanTests {
    private struct Case {
        var program = Program()
        let x: ValueID
        let y: ValueID

        init(batch: Int, inputs: Int, outputs: Int, hasBias: Bool, random: inout RandomSource) throws {
            func normal(_ count: Int) -> [Float] { (0..<count).map { _ in random.normal() } }
            x = program.add("x", [batch, inputs], .input)
            var values = [
                x,
                program.add("weight", [outputs, inputs], .constant, initial: normal(outputs * inputs)),
            ]
            if hasBias {
                values.append(program.add("bias", [outputs], .constant, initial: normal(outputs)))
            }
            y = try program.append(.fullyConnected(FullyConnected(hasBias: hasBias)), values, named: "y")[0]
            program.setStorage(.output, of: y)
        }
    }

    @Test func agreesWithTheReference() throws {
        let seed = UInt64.random(in: .min ... .max)
        print("fully connected layers of one image, seed \(seed)")
        var random = RandomSource(seed: seed)
        for index in 0..<8 {
            // Four megabytes of weights or little more, in whole parts of the kernel's or not.
            let outputs = Int.random(in: 1...300, using: &random)
            let inputs = (1 << 20) / outputs + 1 + Int.random(in: 0...600, using: &random)
            let each = try Case(
                batch: 1, inputs: inputs, outputs: outputs, hasBias: index % 2 == 0, random: &random)
            let values = (0..<inputs).map { _ in random.normal() }
            let reference = ReferenceBackend().plan(each.program)
            try reference.write(values, to: each.x)
            try reference.run()
            let want = try reference.read(each.y).map(Double.init)
            var bits: [Float]?
            for threads in [1, 2, 3, 5] {
                let plan = try CPUBackend(threads: threads).prepare(each.program, options: .checked)
                #expect(plan.kernels == ["fullyConnected scan"], "\(inputs) -> \(outputs)")
                try plan.write(values, to: each.x)
                try plan.run()
                let got = try plan.read(each.y)
                let failure = Tolerance.elements(reduction: inputs, scale: Double(inputs).squareRoot())
                    .failure(got: got, want: want, shape: [1, outputs])
                #expect(failure == nil, "\(inputs) -> \(outputs), \(threads) threads: \(failure ?? "")")
                #expect(try plan.damagedGuards().isEmpty)
                #expect(got == bits ?? got, "\(inputs) -> \(outputs), \(threads) threads")
                bits = got
            }
        }
    }

    /// Weights that a cache holds, or that serve several images, are a product.
    @Test(arguments: [(1, 1000, 100), (2, 8000, 150)])
    func leavesTheRestToOneDNN(batch: Int, inputs: Int, outputs: Int) throws {
        var random = RandomSource(seed: 1)
        let each = try Case(batch: batch, inputs: inputs, outputs: outputs, hasBias: true, random: &random)
        let kernels = try CPUBackend(threads: 1).prepare(each.program, options: PlanOptions()).kernels
        #expect(!kernels.contains("fullyConnected scan"), "\(kernels)")
    }
}
