import SemblanceCore

/// A convolution with PReLU, a reshape and a fully connected layer: every kind of storage but state.
struct SmallProgram {
    let program: Program
    let input: ValueID
    let output: ValueID

    init(batch: Int = 2) throws {
        var program = Program()
        var random = RandomSource(seed: 5)
        func constant(_ name: String, _ shape: Shape) -> ValueID {
            program.add(name, shape, .constant, initial: (0..<shape.count).map { _ in random.normal() * 0.1 })
        }
        let input = program.add("image", [batch, 3, 12, 12], .input)
        let layer = Convolution(
            window: Window(kernel: Extent(3), padding: Padding(1)), hasBias: true, activation: .prelu)
        let inputs = [
            input, constant("weight", [64, 3, 3, 3]), constant("bias", [64]), constant("slope", [64]),
        ]
        let features = try program.append(.convolution(layer), inputs, named: "conv")[0]
        let flat = try program.append(.reshape([0, -1]), [features], named: "flatten")[0]
        let weight = constant("fc", [256, 64 * 144])
        let output = program.add("embedding", [batch, 256], .output)
        program.append(.fullyConnected(FullyConnected(hasBias: false)), [flat, weight], into: [output])
        (self.program, self.input, self.output) = (program, input, output)
    }

    var image: [Float] { (0..<program.shape(of: input).count).map { Float($0 % 17) * 0.1 - 0.8 } }
}
