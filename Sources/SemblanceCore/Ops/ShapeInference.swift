extension Op {
    /// The output shapes of a forward operation.
    /// - Throws: `unsupportedOperation` naming the operation and the shapes where they do not fit, and for backward
    ///   operations, whose outputs the caller knows.
    public func outputShapes(for inputs: [Shape]) throws(SemblanceError) -> [Shape] {
        func refuse(_ reason: String) -> SemblanceError {
            let shapes = inputs.map(\.description).joined(separator: ", ")
            return SemblanceError(.unsupportedOperation, "\(name) of \(shapes): \(reason)")
        }
        func need(_ count: Int) throws(SemblanceError) {
            guard inputs.count == count else { throw refuse("takes \(count) inputs, not \(inputs.count)") }
        }
        func needImage() throws(SemblanceError) {
            guard let x = inputs.first, x.rank == 4 else { throw refuse("the first input must be NCHW") }
        }
        func needChannels(_ indices: ClosedRange<Int>, _ channels: Int) throws(SemblanceError) {
            for index in indices where inputs[index].count != channels {
                throw refuse("input \(index) must have \(channels) elements, one a channel")
            }
        }

        func pooled(_ window: Window) throws(SemblanceError) -> Shape {
            try need(1)
            try needImage()
            // Refuses what would overflow below.
            let size = try window.output(height: inputs[0].height, width: inputs[0].width)
            // As elsewhere in the field: a window must touch the image.
            guard window.padding.top < window.reach.height, window.padding.bottom < window.reach.height,
                window.padding.left < window.reach.width, window.padding.right < window.reach.width
            else { throw refuse("the padding must be smaller than the window") }
            return [inputs[0].batch, inputs[0].channels, size.height, size.width]
        }

        switch self {
        case .convolution(let convolution):
            try need(convolution.inputCount)
            try needImage()
            let x = inputs[0], weight = inputs[1], window = convolution.window
            let groups = convolution.groups
            guard weight.rank == 4, weight[2] == window.kernel.height, weight[3] == window.kernel.width else {
                throw refuse(
                    "the weight must be [out, in/groups, \(window.kernel.height), \(window.kernel.width)]")
            }
            guard groups > 0, x.channels % groups == 0, weight[0] % groups == 0,
                weight[1] == x.channels / groups
            else { throw refuse("\(groups) groups do not divide the channels as the weight says") }
            let size = try window.output(height: x.height, width: x.width)
            let y: Shape = [x.batch, weight[0], size.height, size.width]
            if let bias = convolution.biasIndex { try needChannels(bias...bias, weight[0]) }
            if let residual = convolution.residualIndex, inputs[residual] != y {
                throw refuse("the residual must have the output's shape \(y)")
            }
            if let slope = convolution.slopeIndex { try needChannels(slope...slope, weight[0]) }
            if let flaw = convolution.activation?.flaw { throw refuse(flaw) }
            return [y]
        case .fullyConnected(let layer):
            try need(layer.hasBias ? 3 : 2)
            let x = inputs[0], weight = inputs[1]
            guard x.rank == 2, weight.rank == 2, x[1] == weight[1] else {
                throw refuse("takes x [N,K] and weight [M,K]")
            }
            if layer.hasBias { try needChannels(2...2, weight[0]) }
            return [[x[0], weight[0]]]
        case .batchNorm:
            try need(5)
            try needChannels(1...4, inputs[0].channels)
            return [inputs[0]]
        case .batchNormTraining:
            try need(3)
            try needChannels(1...2, inputs[0].channels)
            let perChannel: Shape = [inputs[0].channels]
            return [inputs[0], perChannel, perChannel, perChannel, perChannel]
        case .l2Normalise:
            try need(1)
            guard inputs[0].rank == 2 else { throw refuse("takes a matrix") }
            return inputs
        case .activation(let activation):
            try need(activation == .prelu ? 2 : 1)
            if activation == .prelu { try needChannels(1...1, inputs[0].channels) }
            if let flaw = activation.flaw { throw refuse(flaw) }
            return [inputs[0]]
        case .softmax(let axis):
            try need(1)
            guard axis >= 0, axis < inputs[0].rank else { throw refuse("no axis \(axis)") }
            return inputs
        case .add, .multiply, .divide:
            try need(2)
            let a = inputs[0], b = inputs[1]
            guard a.rank == b.rank, zip(a.dimensions, b.dimensions).allSatisfy({ $1 == $0 || $1 == 1 }) else {
                throw refuse("the second must have the first's dimensions or 1 in their place")
            }
            return [a]
        case .quantise(let levels):
            try need(1)
            if let flaw = levels.flaw { throw refuse(flaw) }
            return inputs
        case .dropout(let dropout):
            try need(2)
            guard dropout.rate >= 0, dropout.rate < 1 else { throw refuse("the rate must be in [0, 1)") }
            return [inputs[0]]
        case .maxPool(let window):
            return [try pooled(window)]
        case .averagePool(let pool):
            return [try pooled(pool.window)]
        case .globalAveragePool:
            try need(1)
            try needImage()
            return [[inputs[0].batch, inputs[0].channels, 1, 1]]
        case .reshape(let target):
            try need(1)
            let x = inputs[0]
            var y = Shape(target)
            for axis in target.indices where target[axis] == 0 {
                guard axis < x.rank else { throw refuse("no dimension \(axis) to keep") }
                y[axis] = x[axis]
            }
            if let open = target.firstIndex(of: -1) {
                y[open] = 1
                let known = y.checkedCount ?? 0
                y[open] = known > 0 ? x.count / known : 0
            }
            guard y.dimensions.allSatisfy({ $0 >= 0 }), y.checkedCount == x.count else {
                throw refuse("cannot take the shape \(target)")
            }
            return [y]
        case .transpose(let permutation):
            try need(1)
            guard permutation.sorted() == Array(0..<inputs[0].rank) else {
                throw refuse("\(permutation) does not permute the axes")
            }
            return [Shape(permutation.map { inputs[0][$0] })]
        case .concat(let axis):
            guard var y = inputs.first, axis >= 0, axis < y.rank else { throw refuse("no axis \(axis)") }
            for x in inputs.dropFirst() {
                guard x.rank == y.rank, (0..<y.rank).allSatisfy({ $0 == axis || x[$0] == y[$0] }) else {
                    throw refuse("the inputs differ in another axis than \(axis)")
                }
                y[axis] += x[axis]
            }
            return [y]
        case .slice(let axis, let start, let count):
            try need(1)
            var y = inputs[0]
            guard axis >= 0, axis < y.rank, start >= 0, count > 0, count <= y[axis] - start else {
                throw refuse("no \(count) entries from \(start) on axis \(axis)")
            }
            y[axis] = count
            return [y]
        case .pad(let pad):
            try need(1)
            return [try pad.output(inputs[0], refuse)]
        case .resizeLinear(let resize):
            try need(1)
            try needImage()
            let x = inputs[0], size = resize.size
            guard size.height > 0, size.width > 0 else { throw refuse("the size \(size) must be positive") }
            // So that kernels find their way with 32-bit integers.
            let limit = 1 << 15
            guard [x.height, x.width, size.height, size.width].allSatisfy({ $0 < limit }) else {
                throw refuse("sides must be shorter than \(limit) pixels, also of the output \(size)")
            }
            return [[x.batch, x.channels, size.height, size.width]]
        case .resizeNearest(let scale):
            try need(1)
            try needImage()
            guard scale.height > 0, scale.width > 0 else { throw refuse("the scale must be positive") }
            let x = inputs[0]
            return [[x.batch, x.channels, x.height * scale.height, x.width * scale.width]]
        case .warp(let format):
            try need(2)
            guard inputs[0].rank == 2, inputs[1].rank == 2, inputs[1][1] == PictureView.count else {
                throw refuse("takes pictures [S,P] and views [N,\(PictureView.count)]")
            }
            return [[inputs[1][0], format.colours.count, format.height, format.width]]
        case .topScores(let count):
            try need(3)
            let queries = inputs[0], faces = inputs[1]
            guard queries.rank == 2, faces.rank == 2, queries[1] == faces[1], inputs[2] == [faces[0]] else {
                throw refuse("takes queries [Q,D], faces [P,D] and groups [P]")
            }
            guard count > 0, faces[0] <= 1 << 24 else {
                throw refuse("gives 1 score or more of at most 2^24 faces")
            }
            return [[queries[0], count], [queries[0], count]]
        case .marginSoftmax:
            try need(2)
            guard inputs[0].rank == 2, inputs[1].count == inputs[0][0] else {
                throw refuse("takes logits [N,C] and labels [N]")
            }
            return [[inputs[0][0]], [inputs[0][0]]]
        case .sumOfSquares:
            try need(1)
            return [[1]]
        case .reduceSum, .convolutionInputGradient, .convolutionWeightGradient,
            .fullyConnectedInputGradient, .fullyConnectedWeightGradient, .biasGradient,
            .batchNormTrainingGradient, .batchNormGradient, .l2NormaliseGradient, .activationGradient,
            .maxPoolGradient, .averagePoolGradient, .globalAveragePoolGradient, .resizeNearestGradient,
            .resizeLinearGradient, .softmaxGradient, .marginSoftmaxGradient, .sgd, .adamW:
            throw refuse("its output shapes are not inferred")
        }
    }
}

extension Convolution {
    /// Where the optional inputs stand: x, weight, [bias], [residual], [slope].
    public var biasIndex: Int? { hasBias ? 2 : nil }
    public var residualIndex: Int? { hasResidual ? 2 + (hasBias ? 1 : 0) : nil }
    public var slopeIndex: Int? {
        activation == .prelu ? 2 + (hasBias ? 1 : 0) + (hasResidual ? 1 : 0) : nil
    }
    public var inputCount: Int {
        2 + (hasBias ? 1 : 0) + (hasResidual ? 1 : 0) + (activation == .prelu ? 1 : 0)
    }
}

extension Pad {
    fileprivate func output(_ x: Shape, _ refuse: (String) -> SemblanceError) throws(SemblanceError) -> Shape
    {
        guard before.count == x.rank, after.count == x.rank else {
            throw refuse("\(before) before and \(after) after are not one number for each axis")
        }
        var y = x
        for axis in 0..<x.rank {
            // Far more than any tensor has, and far from overflow.
            guard (0...1 << 40).contains(before[axis]), (0...1 << 40).contains(after[axis]) else {
                throw refuse("cannot add \(before[axis]) and \(after[axis]) entries to axis \(axis)")
            }
            let most = max(before[axis], after[axis])
            switch mode {
            case .constant: break
            case .reflect where most >= x[axis] && most > 0:
                throw refuse("axis \(axis) has too few entries to mirror \(most) of them")
            case .edge where x[axis] == 0 && most > 0: throw refuse("axis \(axis) has no edge to repeat")
            case .reflect, .edge: break
            }
            y[axis] += before[axis] + after[axis]
        }
        guard y.checkedCount != nil else { throw refuse("the output \(y) is too large") }
        return y
    }
}
