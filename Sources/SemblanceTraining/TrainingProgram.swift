import SemblanceCore

/// The classification loss that an embedding is trained with.
public enum Loss: Hashable, Sendable, Codable, CustomStringConvertible {
    /// Cosines to one learnt centre a person, with an additive margin, times `scale`.
    case arcFace(margin: Float, scale: Float)
    case cosFace(margin: Float, scale: Float)
    /// Plain softmax over an unnormalised linear classifier.
    case softmax

    package var softmax: MarginSoftmax {
        switch self {
        case .arcFace(let margin, let scale): MarginSoftmax(margin: .arcFace(margin), scale: scale)
        case .cosFace(let margin, let scale): MarginSoftmax(margin: .cosFace(margin), scale: scale)
        case .softmax: MarginSoftmax(margin: .none, scale: 1)
        }
    }

    public var description: String {
        switch self {
        case .arcFace(let margin, let scale): "ArcFace (margin \(margin), scale \(scale))"
        case .cosFace(let margin, let scale): "CosFace (margin \(margin), scale \(scale))"
        case .softmax: "softmax"
        }
    }
}

/// How parameters follow gradients. Weight decay acts on weights, not on biases, batch norms and slopes.
public enum Optimiser: Hashable, Sendable, Codable {
    case sgd(momentum: Float, weightDecay: Float)
    case adamW(beta1: Float, beta2: Float, epsilon: Float, weightDecay: Float)

    package var momentCount: Int {
        switch self {
        case .sgd: 1
        case .adamW: 2
        }
    }

    /// The operation for parameters that decay, or for those that do not.
    func op(decays: Bool) -> Op {
        switch self {
        case .sgd(let momentum, let decay): .sgd(SGD(momentum: momentum, weightDecay: decays ? decay : 0))
        case .adamW(let beta1, let beta2, let epsilon, let decay):
            .adamW(AdamW(beta1: beta1, beta2: beta2, epsilon: epsilon, weightDecay: decays ? decay : 0))
        }
    }
}

/// One training step as a program: forward, loss, backward, gradient norm, optimiser. All parameters lie in one
/// state, all gradients in another in the same order, so that the optimiser is one operation over each part.
package struct TrainingProgram: Sendable {
    /// A parameter's place in `parameters` or `statistics`.
    package struct Entry: Sendable {
        package var name: String
        package var role: ParameterRole
        package var shape: Shape
        package var offset: Int
    }

    package private(set) var program = Program()
    /// [N,C,H,W], [N] and [Hyperparameter.count]: written before each run.
    package let images: ValueID
    package let labels: ValueID
    package let hyper: ValueID
    /// [1]: what the loss is multiplied by, with its exponent in `hyper`; where activations are stored in half.
    package let lossScale: ValueID?
    /// Of each image: the loss, and whether the classifier was right.
    package let losses: ValueID
    package let correct: ValueID
    /// The squared L2 norm of the whole gradient of the scaled loss, before clipping.
    package let squaredGradientNorm: ValueID
    /// The states of training: what a checkpoint holds.
    package let parameters: ValueID
    package let moments: [ValueID]
    package let statistics: ValueID
    package let parameterEntries: [Entry]
    package let statisticEntries: [Entry]

    /// The name of the classifier's weight: trained, and not part of the model.
    package static let headName = "head.weight"

    /// - Parameters:
    ///   - network: with its initial weights, neither folded nor fused; one output [N, D].
    ///   - frozenStatistics: batch norms keep their running statistics, for fine-tuning on few images.
    ///   - precision: of the backend that it is for: the loss is scaled where gradients of activations are stored in half.
    package init(
        network: Network, classes: Int, batch: Int, loss: Loss, optimiser: Optimiser,
        frozenStatistics: Bool = false, precision: Precision = .float, seed: UInt64
    ) throws(SemblanceError) {
        guard network.outputNames.count == 1 else {
            throw SemblanceError(
                .invalidModel,
                "\(network.name) has \(network.outputNames.count) outputs; training takes one embedding")
        }
        var program = Program()
        images = program.add(network.inputName, network.inputShape(batch: batch), .input)
        labels = program.add("labels", [batch], .input)
        hyper = program.add("hyper", [Hyperparameter.count], .input)
        let step = program.add("step", [1], .input)
        lossScale = precision.storesHalf ? program.add("loss scale", [1], .input) : nil
        var ids = [network.inputName: images]

        // Parameters: those that decay first.
        let width = try Program.inference(network, batch: 1).outputShape(of: network).channels
        var random = RandomSource(seed: seed, stream: 0x4EAD)
        let centres = (0..<classes * width).map { _ in random.normal() * 0.01 }
        let head = Parameter(
            name: Self.headName, role: .weight, tensor: Tensor(shape: [classes, width], values: centres))
        let trained = network.parameters.filter(\.role.isTrained) + [head]
        let decaying = trained.filter { $0.role == .weight }
        let others = trained.filter { $0.role != .weight }
        let (entries, count) = Self.pack(decaying + others)
        let decayCount = Self.pack(decaying).count
        parameterEntries = entries
        parameters = program.add(
            "parameters", [count], .state, initial: Self.flat(decaying + others, entries, count))
        let gradients = program.add("gradients", [count], .state)
        var destinations: [ValueID: ValueID] = [:]
        for entry in entries {
            let view = Storage.view(of: parameters, offset: entry.offset)
            let id = program.add(entry.name, entry.shape, view)
            ids[entry.name] = id
            destinations[id] = program.add(
                "d(\(entry.name))", entry.shape, .view(of: gradients, offset: entry.offset))
        }

        // What follows the batches or stays as it is.
        let running = network.parameters.filter { $0.role == .runningMean || $0.role == .runningVariance }
        let (statisticEntries, statisticCount) = Self.pack(running)
        self.statisticEntries = statisticEntries
        statistics = program.add(
            "statistics", [max(statisticCount, 1)], .state,
            initial: Self.flat(running, statisticEntries, max(statisticCount, 1)))
        for entry in statisticEntries {
            ids[entry.name] = program.add(
                entry.name, entry.shape, .view(of: statistics, offset: entry.offset))
        }
        for parameter in network.parameters where parameter.role == .constant {
            ids[parameter.name] = program.add(
                parameter.name, parameter.tensor.shape, .constant, initial: parameter.tensor.values)
        }

        // Forward.
        for node in network.nodes {
            let inputs = try node.inputs.map { (name) throws(SemblanceError) in
                try Program.lookUp(name, in: ids, for: node)
            }
            switch node.op {
            case .dropout:
                ids[node.output] = try program.append(node.op, inputs + [step], named: node.output)[0]
            case .batchNorm(let norm) where !frozenStatistics:
                let shapes: [Shape] =
                    [program.shape(of: inputs[0])]
                    + [Shape](repeating: program.shape(of: inputs[1]), count: 2)
                let outputs = zip(["", ".mean", ".deviation"], shapes).map { suffix, shape in
                    program.add(node.output + suffix, shape, .intermediate)
                }
                program.append(
                    .batchNormTraining(norm), Array(inputs[0...2]), into: outputs + [inputs[3], inputs[4]])
                ids[node.output] = outputs[0]
            default:
                ids[node.output] = try program.append(node.op, inputs, named: node.output)[0]
            }
        }
        guard let embedding = ids[network.outputNames[0]], let centre = ids[Self.headName] else {
            throw SemblanceError(
                .invalidModel, "nothing in \(network.name) computes \(network.outputNames[0])")
        }
        losses = program.add("losses", [batch], .output)
        correct = program.add("correct", [batch], .output)
        var (left, right) = (embedding, centre)
        if loss != .softmax {
            left = try program.append(.l2Normalise(epsilon: 1e-10), [embedding], named: "unit embedding")[0]
            right = try program.append(.l2Normalise(epsilon: 1e-10), [centre], named: "unit centres")[0]
        }
        let layer = Op.fullyConnected(FullyConnected(hasBias: false))
        let logits = try program.append(layer, [left, right], named: "logits")[0]
        program.append(.marginSoftmax(loss.softmax), [logits, labels], into: [losses, correct])

        // Backward and update.
        try program.appendGradients(into: destinations, lossScale: lossScale)
        squaredGradientNorm = program.add("squared gradient norm", [1], .output)
        program.append(.sumOfSquares, [gradients], into: [squaredGradientNorm])
        moments = (0..<optimiser.momentCount).map { program.add("moment \($0)", [count], .state) }
        for (range, decays) in [(0..<decayCount, true), (decayCount..<count, false)] where !range.isEmpty {
            func part(_ base: ValueID) -> ValueID {
                program.add(
                    "\(program[base].name)[\(range)]", [range.count],
                    .view(of: base, offset: range.lowerBound))
            }
            program.append(
                optimiser.op(decays: decays), [part(gradients), hyper, squaredGradientNorm],
                into: ([parameters] + moments).map(part))
        }
        self.program = program
        self.step = step
    }

    /// [1]: the step's number, written before each run; dropout depends on it.
    package let step: ValueID

    /// Places tensors one after the other, each at a multiple of 16 elements (64 bytes).
    private static func pack(_ parameters: [Parameter]) -> (entries: [Entry], count: Int) {
        var offset = 0
        let entries = parameters.map { parameter in
            defer { offset += (parameter.tensor.shape.count + 15) / 16 * 16 }
            return Entry(
                name: parameter.name, role: parameter.role, shape: parameter.tensor.shape, offset: offset)
        }
        return (entries, offset)
    }

    private static func flat(_ parameters: [Parameter], _ entries: [Entry], _ count: Int) -> [Float] {
        var values = [Float](repeating: 0, count: count)
        for (parameter, entry) in zip(parameters, entries) {
            values.replaceSubrange(
                entry.offset..<entry.offset + entry.shape.count, with: parameter.tensor.values)
        }
        return values
    }

    /// The network with trained weights: `parameters` and `statistics` as read from the plan.
    package func update(_ network: inout Network, parameters: [Float], statistics: [Float]) {
        let places = network.parameterIndex
        for (entries, values) in [(parameterEntries, parameters), (statisticEntries, statistics)] {
            for entry in entries {
                guard let place = places[entry.name] else { continue }
                network.parameters[place].tensor.values = Array(
                    values[entry.offset..<entry.offset + entry.shape.count])
            }
        }
    }
}

extension Program {
    fileprivate func outputShape(of network: Network) throws(SemblanceError) -> Shape {
        guard let id = value(named: network.outputNames[0]), shape(of: id).rank == 2 else {
            throw SemblanceError(
                .invalidModel, "\(network.name) does not end in one vector for each image [N, D]")
        }
        return shape(of: id)
    }
}
