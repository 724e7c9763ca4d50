import SemblanceCore

/// Compares the gradients that `Program.appendGradients` writes with central differences of the loss, both through the reference
/// in double precision.
package struct GradientCheck {
    package private(set) var program = Program()
    package var random: RandomSource
    private var parameters: [(id: ValueID, start: [Double])] = []

    package init(seed: UInt64) { random = RandomSource(seed: seed) }

    /// A value to differentiate with respect to, filled away from the kinks of activations.
    package mutating func parameter(_ dimensions: Int...) -> ValueID {
        let shape = Shape(dimensions)
        return parameter(shape, (0..<shape.count).map { _ in awayFromZero() })
    }

    package mutating func parameter(_ shape: Shape, _ start: [Double]) -> ValueID {
        let id = program.add("p\(parameters.count)", shape, .state)
        parameters.append((id, start))
        return id
    }

    package mutating func awayFromZero() -> Double {
        let value = Double(random.uniform(0.05...1.2))
        return random.uniform() < 0.5 ? value : -value
    }

    package mutating func constant(_ shape: Shape, _ values: [Float]) -> ValueID {
        program.add("c\(program.values.count)", shape, .constant, initial: values)
    }

    package mutating func apply(_ op: Op, _ inputs: ValueID...) throws -> ValueID {
        try program.append(op, inputs, named: "v\(program.values.count)")[0]
    }

    package mutating func batchNormTraining(_ x: ValueID) -> ValueID {
        let shape = program.shape(of: x), channels = shape.channels
        let gamma = parameter(channels), beta = parameter(channels)
        let outputs = [shape, [channels], [channels]].map { program.add("norm", $0, .intermediate) }
        let running = (0..<2).map { _ in program.add("running", [channels], .state) }
        program.append(.batchNormTraining(BatchNorm()), [x, gamma, beta], into: outputs + running)
        return outputs[0]
    }

    /// Ends the program with a loss on `logits`, in matrix form if need be, and compares.
    /// - Parameter spoiledBy: a relative error put into the gradients, to see whether it is noticed.
    /// - Returns: what is wrong, or nil.
    package mutating func failure(
        _ logits: ValueID, loss: MarginSoftmax = MarginSoftmax(margin: .none, scale: 1), spoiledBy: Double = 0
    ) throws -> String? {
        var logits = logits
        if program.shape(of: logits).rank != 2 { logits = try apply(.reshape([0, -1]), logits) }
        let shape = program.shape(of: logits)
        let labels = constant([shape[0]], (0..<shape[0]).map { Float(($0 * 3 + 1) % shape[1]) })
        let losses = program.add("losses", [shape[0]], .output)
        let correct = program.add("correct", [shape[0]], .output)
        program.append(.marginSoftmax(loss), [logits, labels], into: [losses, correct])
        let forward = ReferenceBackend().plan(program)
        var destinations: [ValueID: ValueID] = [:]
        for (id, _) in parameters {
            destinations[id] = program.add("gradient", program.shape(of: id), .output)
        }
        try program.appendGradients(into: destinations)
        let whole = ReferenceBackend().plan(program)
        for (id, start) in parameters {
            whole.set(id, to: start)
            forward.set(id, to: start)
        }
        try whole.run()

        func meanLoss(_ id: ValueID, _ values: [Double]) throws -> Double {
            forward.set(id, to: values)
            try forward.run()
            let losses = forward.tensor(losses).values
            return losses.reduce(0, +) / Double(losses.count)
        }
        for (id, start) in parameters {
            guard let destination = destinations[id] else { continue }
            let gradient = whole.tensor(destination).values.map { $0 * (1 + spoiledBy) }
            let largest = gradient.reduce(0) { max($0, abs($1)) }
            let allowed = Tolerances.centralDifference * max(largest, 0.01)
            for index in start.indices.shuffled(using: &random).prefix(40) {
                // A step that crosses a kink gives nonsense; a much smaller one then does not. A wrong derivative fits neither.
                var differences: [Double] = []
                for step in [1e-5, 1e-7] {
                    var values = start
                    values[index] = start[index] + step
                    let above = try meanLoss(id, values)
                    values[index] = start[index] - step
                    let below = try meanLoss(id, values)
                    differences.append((above - below) / (2 * step))
                    if abs(differences[0] - gradient[index]) <= allowed { break }
                }
                guard differences.allSatisfy({ !(abs($0 - gradient[index]) <= allowed) }) else { continue }
                return """
                    parameter \(program[id].name) \(program.shape(of: id)), element \(index): \(gradient[index]), by \
                    differences \(differences); allowed \(allowed)
                    """
            }
            _ = try meanLoss(id, start)
        }
        return nil
    }
}
