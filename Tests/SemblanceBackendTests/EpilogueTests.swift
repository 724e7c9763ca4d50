import SemblanceCPU
import SemblanceCore
import SemblanceTestSupport
import Testing

/// Which activations a convolution takes along on the CPU, and what stands between convolutions. What they compute is in the table of cases.
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

    /// Between convolutions nothing is brought to rows and back, and a transposition to where the channels already are costs nothing.
    @Test func staysInTheLayoutOfTheConvolutions() throws {
        var program = Program()
        var value = program.add("x", [2, 32, 16, 16], .input)
        func convolve(_ name: String) throws {
            let weight = program.add(
                name, [32, 32, 1, 1], .constant, initial: [Float](repeating: 0.1, count: 1024))
            let convolution = Convolution(window: Window(kernel: Extent(1)))
            value = try program.append(.convolution(convolution), [value, weight], named: "\(name).y")[0]
        }
        try convolve("first")
        let pool = Window(kernel: Extent(2), stride: Extent(2))
        value = try program.append(.maxPool(pool), [value], named: "pooled")[0]
        value = try program.append(.resizeNearest(Extent(2)), [value], named: "resized")[0]
        try convolve("second")
        value = try program.append(.transpose([0, 2, 3, 1]), [value], named: "last")[0]
        value = try program.append(.reshape([0, -1]), [value], named: "flat")[0]
        program.setStorage(.output, of: value)
        let kernels = try TestBackend.cpu.backend.prepare(program, options: PlanOptions()).kernels
        // The input into the layout and, where that has blocks of channels, out of it; the output into the host's memory.
        #expect(kernels.count { $0.hasPrefix("reorder") } <= 3, "\(kernels)")
        #expect(kernels.filter { !$0.hasPrefix("reorder") }.count == 4, "\(kernels)")
        #expect(!kernels.contains { $0.contains("ref") }, "\(kernels)")
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
