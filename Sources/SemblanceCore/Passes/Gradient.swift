extension Program {
    /// Appends the backward pass: operations that compute the gradients of the batch's mean loss (the `marginSoftmax` steps) with
    /// respect to parameters.
    /// - Parameters:
    ///   - destinations: for each parameter, the value that its gradient is written to.
    ///   - lossScale: [1], which the loss is multiplied by before it is differentiated.
    /// - Throws: `unsupportedOperation` for an operation without a gradient.
    public mutating func appendGradients(
        into destinations: [ValueID: ValueID], lossScale: ValueID? = nil
    ) throws(SemblanceError) {
        var pass = GradientPass(program: self, destinations: destinations, lossScale: lossScale)
        try pass.run()
        self = pass.program
    }
}

/// Reverse-mode differentiation of a straight-line program.
private struct GradientPass {
    var program: Program
    let destinations: [ValueID: ValueID]
    private let lossScale: ValueID?
    /// Values that depend on a parameter: only their gradients are computed.
    private var active: Set<ValueID> = []
    /// Parts of each value's gradient found so far; they add up.
    private var parts: [ValueID: [ValueID]] = [:]
    private var useCounts: [ValueID: Int] = [:]

    init(program: Program, destinations: [ValueID: ValueID], lossScale: ValueID?) {
        self.program = program
        self.lossScale = lossScale
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

    /// Slices `dy` axis by axis: the gradient of padding with a constant.
    private mutating func unpad(_ pad: Pad, _ dy: ValueID, to x: ValueID) {
        let target = program.shape(of: x)
        let axes = (0..<target.rank).filter { pad.before[$0] + pad.after[$0] > 0 }
        guard let last = axes.last else { return pass(dy, to: x) }
        var part = dy
        for axis in axes {
            let slice = Op.slice(axis: axis, start: pad.before[axis], count: target[axis])
            if axis == last { return emit(slice, [part], to: x) }
            var shape = program.shape(of: part)
            shape[axis] = target[axis]
            let next = program.add("d(\(program[x].name)), padded", shape, .intermediate)
            program.append(slice, [part], into: [next])
            part = next
        }
    }

    private mutating func differentiate(_ step: Step) throws(SemblanceError) {
        let inputs = step.inputs
        if case .marginSoftmax(let loss) = step.op {
            emit(.marginSoftmaxGradient(loss), inputs + [lossScale].compactMap { $0 }, to: inputs[0])
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
        case .divide:
            emit(.divide, [dy, inputs[1]], to: x)
            if active.contains(inputs[1]) {
                // -dy y / b, summed where b was broadcast.
                func append(_ op: Op, _ a: ValueID, _ b: ValueID) -> ValueID {
                    let name = "d(\(program[output].name)) / b"
                    let result = program.add(name, program.shape(of: a), .intermediate)
                    program.append(op, [a, b], into: [result])
                    return result
                }
                let ones = Shape([Int](repeating: 1, count: program.shape(of: x).rank))
                let minus = program.add("-1", ones, .constant, initial: [-1])
                let quotient = append(.divide, append(.multiply, dy, output), inputs[1])
                emit(.reduceSum, [append(.multiply, quotient, minus)], to: inputs[1])
            }
        case .softmax(let axis):
            emit(.softmaxGradient(axis: axis), [output, dy], to: x)
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
        case .slice(let axis, let start, let count):
            let shape = program.shape(of: x)
            var pad = Pad(before: shape.dimensions.map { _ in 0 }, after: shape.dimensions.map { _ in 0 })
            pad.before[axis] = start
            pad.after[axis] = shape[axis] - start - count
            emit(.pad(pad), [dy], to: x)
        case .pad(let pad):
            guard case .constant = pad.mode else {
                throw SemblanceError(
                    .unsupportedOperation,
                    "pad (\(program[output].name)) in the mode \(pad.mode) has no gradient",
                    remedy: "pad with a constant in networks that are trained")
            }
            guard active.contains(x) else { break }
            unpad(pad, dy, to: x)
        case .resizeLinear(let resize):
            emit(.resizeLinearGradient(resize), [dy], to: x)
        case .resizeNearest(let scale):
            emit(.resizeNearestGradient(scale), [dy], to: x)
        default:
            throw SemblanceError(
                .unsupportedOperation, "\(step.op.name) (\(program[output].name)) has no gradient",
                remedy: "train the network before it is folded and fused")
        }
    }
}
