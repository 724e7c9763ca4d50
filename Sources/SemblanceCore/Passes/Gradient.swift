extension Program {
    /// Appends the backward pass: operations that compute the gradients of the batch's mean loss (the `marginSoftmax` steps) with
    /// respect to parameters.
    /// - Parameter destinations: for each parameter, the value that its gradient is written to.
    /// - Throws: `unsupportedOperation` for an operation without a gradient.
    public mutating func appendGradients(into destinations: [ValueID: ValueID]) throws(SemblanceError) {
        var pass = GradientPass(program: self, destinations: destinations)
        try pass.run()
        self = pass.program
    }
}

/// Reverse-mode differentiation of a straight-line program.
private struct GradientPass {
    var program: Program
    let destinations: [ValueID: ValueID]
    /// Values that depend on a parameter: only their gradients are computed.
    private var active: Set<ValueID> = []
    /// Parts of each value's gradient found so far; they add up.
    private var parts: [ValueID: [ValueID]] = [:]
    private var useCounts: [ValueID: Int] = [:]

    init(program: Program, destinations: [ValueID: ValueID]) {
        self.program = program
        self.destinations = destinations
        active = Set(destinations.keys)
        for step in program.steps {
            for input in step.inputs { useCounts[input, default: 0] += 1 }
            if step.inputs.contains(where: active.contains) { active.formUnion(step.outputs) }
        }
    }

    mutating func run() throws(SemblanceError) {
        for step in program.steps.reversed() where step.inputs.contains(where: active.contains) {
            try differentiate(step)
        }
        for (parameter, destination) in destinations.sorted(by: { $0.key.index < $1.key.index }) {
            let found = parts[parameter] ?? []
            guard found != [destination] else { continue }
            guard let first = found.first else {
                throw SemblanceError(
                    .internalFault, "the loss does not depend on the parameter \(program[parameter].name)")
            }
            // A parameter used more than once: the last addition writes the destination.
            let head = sum(Array(found.dropLast()), name: program[parameter].name) ?? first
            if found.count > 1 {
                program.append(.add, [head, found[found.count - 1]], into: [destination])
            } else {
                program.append(.reduceSum, [first], into: [destination])
            }
        }
    }

    /// A place for one part of the gradient of `value`, or nil where nobody needs it.
    private mutating func part(of value: ValueID) -> ValueID? {
        guard active.contains(value) else { return nil }
        let id: ValueID
        if let destination = destinations[value], useCounts[value] == 1 {
            id = destination
        } else {
            id = program.add("d(\(program[value].name))", program.shape(of: value), .intermediate)
        }
        parts[value, default: []].append(id)
        return id
    }

    /// As `part`, for operations that always write the output: unneeded ones go to a temporary.
    private mutating func partOrScratch(of value: ValueID) -> ValueID {
        part(of: value)
            ?? program.add("unused d(\(program[value].name))", program.shape(of: value), .intermediate)
    }

    /// The sum of gradients, or nil for none.
    private mutating func sum(_ gradients: [ValueID], name: String) -> ValueID? {
        guard var total = gradients.first else { return nil }
        for next in gradients.dropFirst() {
            let result = program.add("d(\(name))", program.shape(of: total), .intermediate)
            program.append(.add, [total, next], into: [result])
            total = result
        }
        return total
    }

    /// Hands `dy` on unchanged, where the value itself is its own gradient's shape.
    private mutating func pass(_ dy: ValueID, to value: ValueID) {
        guard active.contains(value) else { return }
        if program.shape(of: value) == program.shape(of: dy), destinations[value] == nil {
            parts[value, default: []].append(dy)
        } else if let target = part(of: value) {
            program.append(.reduceSum, [dy], into: [target])
        }
    }

    private mutating func emit(_ op: Op, _ inputs: [ValueID], to value: ValueID) {
        if let target = part(of: value) { program.append(op, inputs, into: [target]) }
    }

    private mutating func differentiate(_ step: Step) throws(SemblanceError) {
        let inputs = step.inputs
        if case .marginSoftmax(let loss) = step.op {
            emit(.marginSoftmaxGradient(loss), inputs, to: inputs[0])
            return
        }
        let output = step.outputs[0]
        guard let dy = sum(parts[output] ?? [], name: program[output].name) else { return }
        let x = inputs[0]
        switch step.op {
        case .convolution(let convolution) where convolution.activation == nil && !convolution.hasResidual:
            emit(.convolutionWeightGradient(convolution.bare), [x, dy], to: inputs[1])
            if let bias = convolution.biasIndex { emit(.biasGradient, [dy], to: inputs[bias]) }
            emit(.convolutionInputGradient(convolution.bare), [dy, inputs[1]], to: x)
        case .fullyConnected(let layer):
            emit(.fullyConnectedWeightGradient, [x, dy], to: inputs[1])
            if layer.hasBias { emit(.biasGradient, [dy], to: inputs[2]) }
            emit(.fullyConnectedInputGradient, [dy, inputs[1]], to: x)
        case .batchNormTraining(let norm):
            let targets = inputs[0...2].map { partOrScratch(of: $0) }
            program.append(
                .batchNormTrainingGradient(norm), [x, dy, inputs[1], step.outputs[1], step.outputs[2]],
                into: targets)
        case .batchNorm(let norm):
            let targets = inputs[0...2].map { partOrScratch(of: $0) }
            program.append(.batchNormGradient(norm), [x, dy, inputs[1], inputs[3], inputs[4]], into: targets)
        case .l2Normalise(let epsilon):
            emit(.l2NormaliseGradient(epsilon: epsilon), [x, dy], to: x)
        case .activation(.prelu):
            let targets = [partOrScratch(of: x), partOrScratch(of: inputs[1])]
            program.append(.activationGradient(.prelu), [x, dy, inputs[1]], into: targets)
        case .activation(let activation):
            emit(.activationGradient(activation), [x, dy], to: x)
        case .add:
            pass(dy, to: x)
            pass(dy, to: inputs[1])
        case .multiply:
            emit(.multiply, [dy, inputs[1]], to: x)
            if active.contains(inputs[1]) {
                let product = program.add(
                    "d(\(program[output].name)) * a", program.shape(of: x), .intermediate)
                program.append(.multiply, [dy, x], into: [product])
                emit(.reduceSum, [product], to: inputs[1])
            }
        case .dropout(let dropout):
            emit(.dropout(dropout), [dy, inputs[1]], to: x)
        case .maxPool(let window):
            emit(.maxPoolGradient(window), [x, dy], to: x)
        case .averagePool(let pool):
            emit(.averagePoolGradient(pool), [dy], to: x)
        case .globalAveragePool:
            emit(.globalAveragePoolGradient, [dy], to: x)
        case .reshape:
            emit(.reshape(program.shape(of: x).dimensions), [dy], to: x)
        case .transpose(let permutation):
            var inverse = permutation
            for (axis, source) in permutation.enumerated() { inverse[source] = axis }
            emit(.transpose(inverse), [dy], to: x)
        case .concat(let axis):
            var start = 0
            for input in inputs {
                let count = program.shape(of: input)[axis]
                emit(.slice(axis: axis, start: start, count: count), [dy], to: input)
                start += count
            }
        case .resizeNearest(let scale):
            emit(.resizeNearestGradient(scale), [dy], to: x)
        default:
            throw SemblanceError(
                .unsupportedOperation, "\(step.op.name) (\(program[output].name)) has no gradient",
                remedy: "train the network before it is folded and fused")
        }
    }
}
