import SemblanceCPU
import SemblanceCore
import SemblanceTestSupport
import Testing

/// Which activations a convolution takes along on the CPU. What they compute is in the table of cases.
@Suite struct EpilogueTests {
    private func kernels(_ convolution: Convolution, x: Shape, weight: Shape) throws -> [String] {
        var program = Program()
        let image = program.add("x", x, .input)
        let values = [Float](repeating: 0.5, count: weight.count)
        let parameter = program.add("weight", weight, .constant, initial: values)
        let y = try program.append(.convolution(convolution), [image, parameter], named: "y")[0]
        program.setStorage(.output, of: y)
        let plan = try TestBackend.cpu.backend.prepare(program, options: PlanOptions())
        return plan.kernels.filter { !$0.hasPrefix("reorder") }
    }

    /// MobileNets' activations cost no pass of their own.
    @Test(arguments: [
        Activation.clip(low: 0, high: 6), .hardSwish, .hardSigmoid(alpha: 0.2, beta: 0.5), .relu, .sigmoid,
    ])
    func fuses(activation: Activation) throws {
        var pointwise = Convolution(window: Window(kernel: Extent(1)), activation: activation)
        let one = try kernels(pointwise, x: [1, 16, 14, 14], weight: [32, 16, 1, 1])
        pointwise.window = Window(kernel: Extent(3), padding: Padding(1))
        pointwise.groups = 32
        let depthwise = try kernels(pointwise, x: [1, 32, 14, 14], weight: [32, 1, 3, 3])
        for kernels in [one, depthwise] {
            #expect(kernels.count == 1, "\(kernels)")
            #expect(kernels.allSatisfy { !$0.contains("ref") }, "\(kernels)")
        }
    }

    /// Winograd fuses none but ReLU, and is worth a pass for the others.
    @Test func keepsWinograd() throws {
        var convolution = Convolution(window: Window(kernel: Extent(3), padding: Padding(1)))
        let plain = try kernels(convolution, x: [1, 64, 28, 28], weight: [64, 64, 3, 3])
        convolution.activation = .hardSwish
        let activated = try kernels(convolution, x: [1, 64, 28, 28], weight: [64, 64, 3, 3])
        #expect(activated.first == plain.first)
        #expect(activated.dropFirst().allSatisfy { $0.hasPrefix("activation") && !$0.contains("ref") })
        #expect(activated.count <= 2)
    }
}
