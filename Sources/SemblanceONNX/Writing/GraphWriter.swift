import SemblanceCore

/// Turns a `Network` into an ONNX graph of inference operators. Names stay, so that a model that is read again
/// has the parameters it was written with.
struct GraphWriter {
    /// The operator set that the nodes are written for.
    static let opset = 17

    private let network: Network
    let parameters: [String: Parameter]
    var graph: GraphProto
    /// Shapes for a batch of one.
    private var shapes: [String: Shape] = [:]
    private var taken: Set<String>
    private var labels: [WrittenParameter: String] = [:]
    var written: Set<String> = []
    /// Values that `quantise` makes.
    var quantised: Set<String> = []

    /// A parameter in the form that an operator wants.
    private struct WrittenParameter: Hashable {
        var name: String
        var shape: Shape
    }

    static func graph(of network: Network) throws(SemblanceError) -> GraphProto {
        var writer = GraphWriter(network)
        try writer.write()
        return writer.graph
    }

    private init(_ network: Network) {
        self.network = network
        parameters = Dictionary(network.parameters.map { ($0.name, $0) }) { first, _ in first }
        graph = GraphProto(name: network.name)
        taken = Set(network.parameters.map(\.name) + network.nodes.map(\.output) + [network.inputName])
    }

    private mutating func write() throws(SemblanceError) {
        guard taken.count == network.parameters.count + network.nodes.count + 1 else {
            throw SemblanceError(.invalidModel, "the network \(network.name) uses a name twice")
        }
        shapes[network.inputName] = network.inputShape(batch: 1)
        for parameter in network.parameters { shapes[parameter.name] = parameter.tensor.shape }
        let open: [Int?] = [nil] + network.inputShape.dimensions
        graph.inputs = [ValueInfoProto(name: network.inputName, dimensions: open)]
        for node in network.nodes {
            do throws(SemblanceError) { try write(node) } catch {
                throw SemblanceError(
                    error.code, "cannot write node \(node.name) of \(network.name): \(error.message)",
                    remedy: error.remedy)
            }
        }
        for name in network.outputNames {
            let dimensions: [Int?] = [nil] + Array(try shape(of: name).dimensions.dropFirst())
            graph.outputs.append(ValueInfoProto(name: name, dimensions: dimensions))
        }
    }

    private func shape(of name: String) throws(SemblanceError) -> Shape {
        guard let shape = shapes[name] else {
            throw SemblanceError(.invalidModel, "nothing defines \(name)")
        }
        return shape
    }

    mutating func freshName(_ stem: String) -> String {
        var name = stem
        var number = 1
        while !taken.insert(name).inserted {
            number += 1
            name = "\(stem).\(number)"
        }
        return name
    }

    /// The name of an operand; a parameter is written when it is first used.
    /// - Parameter shape: the form that the operator wants, where it is not the parameter's own.
    mutating func operand(_ name: String, shape: Shape? = nil) -> String {
        guard let parameter = parameters[name] else { return name }
        let shape = shape ?? parameter.tensor.shape
        let form = WrittenParameter(name: name, shape: shape)
        if let label = labels[form] { return label }
        // The name goes to the first form; another form of the same parameter is rare.
        let label = written.insert(name).inserted ? name : freshName(name)
        labels[form] = label
        graph.initialisers.append(TensorProto(name: label, shape: shape, values: parameter.tensor.values))
        return label
    }

    /// The graph has the parameter under its own name.
    mutating func writtenAsItIs(_ name: String) {
        guard let parameter = parameters[name] else { return }
        written.insert(name)
        labels[WrittenParameter(name: name, shape: parameter.tensor.shape)] = name
    }

    private mutating func constant(_ name: String, integers: [Int]) -> String {
        let name = freshName(name)
        graph.initialisers.append(TensorProto(name: name, integers: integers))
        return name
    }

    mutating func constant(_ name: String, floats: [Float], shape: Shape) -> String {
        let name = freshName(name)
        graph.initialisers.append(TensorProto(name: name, shape: shape, values: floats))
        return name
    }

    mutating func append(
        _ operatorName: String, _ node: Node, _ inputs: [String], _ attributes: [AttributeProto] = [],
        output: String? = nil
    ) {
        graph.nodes.append(
            NodeProto(
                operatorName, name: output ?? node.name, inputs: inputs, output: output ?? node.output,
                attributes: attributes))
    }

    private mutating func write(_ node: Node) throws(SemblanceError) {
        var inputShapes: [Shape] = []
        for input in node.inputs { inputShapes.append(try shape(of: input)) }
        guard let x = node.inputs.first, let xShape = inputShapes.first else {
            throw SemblanceError(.invalidModel, "it has no input")
        }
        if case .dropout = node.op {
            shapes[node.output] = xShape
        } else {
            shapes[node.output] = try node.op.outputShapes(for: inputShapes)[0]
        }
        switch node.op {
        case .convolution(let convolution):
            try write(convolution, node)
        case .fullyConnected:
            let operands = productOperands(node, node.inputs.count)
            append("Gemm", node, operands, [AttributeProto("transB", .integer(1))])
        case .batchNorm(let norm):
            let operands = node.inputs.dropFirst().map { operand($0) }
            append(
                "BatchNormalization", node, [x] + operands,
                [
                    AttributeProto("epsilon", .float(norm.epsilon)),
                    // ONNX weighs the old statistics, Core the new ones.
                    AttributeProto("momentum", .float(1 - norm.momentum)),
                ])
        case .activation(let activation):
            try write(activation, node, x, slope: node.inputs.last ?? "", shape: xShape, output: nil)
        case .add:
            append("Add", node, node.inputs.map { operand($0) })
        case .multiply:
            append("Mul", node, node.inputs.map { operand($0) })
        case .divide:
            append("Div", node, node.inputs.map { operand($0) })
        case .softmax(let axis):
            append("Softmax", node, [x], [AttributeProto("axis", .integer(axis))])
        case .quantise(let levels): write(levels, node)
        case .dropout(let dropout):
            let rate = constant("\(node.output).ratio", floats: [dropout.rate], shape: [])
            append("Dropout", node, [x, rate], [AttributeProto("seed", .integer(Int(dropout.seed)))])
        case .maxPool(let window):
            append("MaxPool", node, [x], attributes(window))
        case .averagePool(let pool):
            guard pool.window.dilation == Extent(1) else {
                throw SemblanceError(.unsupportedOperation, "ONNX 17 has no dilated average pooling")
            }
            let counts = AttributeProto("count_include_pad", .integer(pool.countsPadding ? 1 : 0))
            // Its dilations came with opset 19.
            append("AveragePool", node, [x], attributes(pool.window).dropLast() + [counts])
        case .globalAveragePool:
            append("GlobalAveragePool", node, [x])
        case .reshape([0, -1]):
            append("Flatten", node, [x], [AttributeProto("axis", .integer(1))])
        case .reshape(let target):
            append("Reshape", node, [x, constant("\(node.output).shape", integers: target)])
        case .transpose(let permutation):
            append("Transpose", node, [x], [AttributeProto("perm", .integers(permutation))])
        case .concat(let axis):
            append("Concat", node, node.inputs, [AttributeProto("axis", .integer(axis))])
        case .slice(let axis, let start, let count):
            let bounds = [("starts", start), ("ends", start + count), ("axes", axis)]
            let operands = bounds.map { constant("\(node.output).\($0.0)", integers: [$0.1]) }
            append("Slice", node, [x] + operands)
        case .pad(let pad):
            let pads = constant("\(node.output).pads", integers: pad.before + pad.after)
            let (mode, value): (String, Float?) =
                switch pad.mode {
                case .constant(let value): ("constant", value)
                case .reflect: ("reflect", nil)
                case .edge: ("edge", nil)
                }
            let fill = value.map { constant("\(node.output).value", floats: [$0], shape: []) }
            append(
                "Pad", node, [x, pads] + [fill].compactMap { $0 }, [AttributeProto("mode", .string(mode))])
        case .resizeLinear(let resize):
            // Sizes would fix the batch. Readers round the scaled size down: no scale may fall short by a rounding.
            func scale(_ output: Int, _ input: Int) -> Float {
                let scale = Float(output) / Float(input)
                return Int(scale * Float(input)) < output ? scale.nextUp : scale
            }
            let factors = [
                1, 1, scale(resize.size.height, xShape.height), scale(resize.size.width, xShape.width),
            ]
            let mode =
                switch resize.coordinates {
                case .halfPixel: "half_pixel"
                case .alignCorners: "align_corners"
                case .asymmetric: "asymmetric"
                }
            let scales = constant("\(node.output).scales", floats: factors, shape: [4])
            append(
                "Resize", node, [x, "", scales],
                [
                    AttributeProto("mode", .string("linear")),
                    AttributeProto("coordinate_transformation_mode", .string(mode)),
                ])
        case .resizeNearest(let scale):
            let factors: [Float] = [1, 1, Float(scale.height), Float(scale.width)]
            let scales = constant("\(node.output).scales", floats: factors, shape: [4])
            append(
                "Resize", node, [x, "", scales],
                [
                    AttributeProto("mode", .string("nearest")),
                    AttributeProto("coordinate_transformation_mode", .string("asymmetric")),
                    AttributeProto("nearest_mode", .string("floor")),
                ])
        case .l2Normalise(let epsilon):
            // LpNormalization has no epsilon: a zero vector would become NaN.
            let length = freshName("\(node.output).length")
            let floored = freshName("\(node.output).floored")
            let low = constant("\(node.output).epsilon", floats: [epsilon], shape: [])
            append(
                "ReduceL2", node, [x],
                [AttributeProto("axes", .integers([1])), AttributeProto("keepdims", .integer(1))],
                output: length)
            append("Clip", node, [length, low], output: floored)
            append("Div", node, [x, floored])
        case .warp:
            throw SemblanceError(.unsupportedOperation, "warp comes before a network and is no part of it")
        case .convolutionInputGradient, .convolutionWeightGradient, .fullyConnectedInputGradient,
            .fullyConnectedWeightGradient, .biasGradient, .batchNormTraining, .batchNormTrainingGradient,
            .batchNormGradient, .l2NormaliseGradient, .activationGradient, .reduceSum, .maxPoolGradient,
            .averagePoolGradient, .globalAveragePoolGradient, .resizeNearestGradient, .resizeLinearGradient,
            .softmaxGradient, .topScores, .marginSoftmax,
            .marginSoftmaxGradient, .sumOfSquares, .sgd, .adamW:
            throw SemblanceError(.unsupportedOperation, "\(node.op.name) belongs to training")
        }
    }

    /// The convolution, and what is fused into it as nodes of their own.
    private mutating func write(_ convolution: Convolution, _ node: Node) throws(SemblanceError) {
        let operands = productOperands(node, convolution.hasBias ? 3 : 2)
        let group = AttributeProto("group", .integer(convolution.groups))
        var output = node.output
        if convolution.hasResidual || convolution.activation != nil {
            output = freshName("\(node.output).conv")
        }
        append("Conv", node, operands, attributes(convolution.window) + [group], output: output)
        if let index = convolution.residualIndex {
            let sum = convolution.activation == nil ? node.output : freshName("\(node.output).sum")
            append("Add", node, [output, operand(node.inputs[index])], output: sum)
            output = sum
        }
        if let activation = convolution.activation {
            let slope = convolution.slopeIndex.map { node.inputs[$0] } ?? ""
            try write(
                activation, node, output, slope: slope, shape: try shape(of: node.output), output: node.output
            )
        }
    }

    private mutating func write(
        _ activation: Activation, _ node: Node, _ x: String, slope: String, shape: Shape, output: String?
    ) throws(SemblanceError) {
        switch activation {
        case .relu: append("Relu", node, [x], output: output)
        case .leakyRelu(let slope):
            append("LeakyRelu", node, [x], [AttributeProto("alpha", .float(slope))], output: output)
        case .prelu:
            // The slope lines up with x's last axes: [C,1,1] for NCHW, [C] for a matrix.
            let form = Shape([shape.channels] + [Int](repeating: 1, count: max(0, shape.rank - 2)))
            append("PRelu", node, [x, operand(slope, shape: form)], output: output)
        case .sigmoid: append("Sigmoid", node, [x], output: output)
        case .tanh: append("Tanh", node, [x], output: output)
        case .hardSigmoid(let alpha, let beta):
            let attributes = [AttributeProto("alpha", .float(alpha)), AttributeProto("beta", .float(beta))]
            append("HardSigmoid", node, [x], attributes, output: output)
        case .hardSwish: append("HardSwish", node, [x], output: output)
        case .clip(let low, let high):
            let bounds = [("low", low), ("high", high)].map { name, bound in
                bound.isFinite ? constant("\(node.output).\(name)", floats: [bound], shape: []) : ""
            }
            append("Clip", node, [x] + bounds, output: output)
        case .squareRoot: append("Sqrt", node, [x], output: output)
        case .power(let exponent):
            let exponent = constant("\(node.output).exponent", floats: [exponent], shape: [])
            append("Pow", node, [x, exponent], output: output)
        }
    }

    private func attributes(_ window: Window) -> [AttributeProto] {
        let padding = window.padding
        return [
            AttributeProto("kernel_shape", .integers([window.kernel.height, window.kernel.width])),
            AttributeProto("strides", .integers([window.stride.height, window.stride.width])),
            AttributeProto("pads", .integers([padding.top, padding.left, padding.bottom, padding.right])),
            AttributeProto("dilations", .integers([window.dilation.height, window.dilation.width])),
        ]
    }
}
