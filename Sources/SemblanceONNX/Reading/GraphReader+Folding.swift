import SemblanceCore

// Operators whose inputs are all constant: they are computed when the model is read, and the network never sees them.
extension GraphReader {
    /// Computes the output of one node from constants.
    typealias Folding = @Sendable (GraphReader) -> (NodeProto) throws(SemblanceError) -> Constant

    /// By the operators' names. Element-wise functions and reductions are in tables of their own.
    private static let foldings: [String: Folding] = {
        var table: [String: Folding] = [
            "Cast": GraphReader.foldedCast,
            "Concat": GraphReader.foldedConcat,
            "ConstantOfShape": GraphReader.foldedConstantOfShape,
            "DequantizeLinear": GraphReader.dequantised,
            "Expand": GraphReader.foldedExpand,
            "Flatten": GraphReader.foldedFlatten,
            "Gather": GraphReader.foldedGather,
            "Identity": GraphReader.foldedIdentity,
            "Not": GraphReader.foldedNot,
            "Range": GraphReader.foldedRange,
            "Reshape": GraphReader.foldedReshape,
            "Shape": GraphReader.foldedShape,
            "Size": GraphReader.foldedSize,
            "Slice": GraphReader.foldedSlice,
            "Squeeze": GraphReader.foldedSqueeze,
            "Transpose": GraphReader.foldedTranspose,
            "Unsqueeze": GraphReader.foldedUnsqueeze,
            "Where": GraphReader.foldedWhere,
        ]
        for name in UnaryFunction.named.keys { table[name] = GraphReader.foldedUnary }
        for name in BinaryFunction.named.keys { table[name] = GraphReader.foldedBinary }
        for name in Reduction.named.keys { table[name] = GraphReader.foldedReduction }
        return table
    }()

    static let foldedOperators = Set(foldings.keys)

    /// - Returns: false where an input is no constant, or the operator none that is folded.
    func fold(_ node: NodeProto) throws(SemblanceError) -> Bool {
        guard let folding = Self.foldings[node.operatorName], node.inputs.contains(where: { !$0.isEmpty })
        else { return false }
        for index in node.inputs.indices where has(node, index) {
            if case .constant = try value(node, index) { continue }
            return false
        }
        var constant = try folding(self)(node)
        constant.name = node.outputs[0]
        try define(.constant(constant), as: constant.name)
        return true
    }

    /// A new constant, paid for before it is computed.
    func made(_ shape: Shape, _ elements: () throws(SemblanceError) -> Constant.Elements)
        throws(SemblanceError) -> Constant
    {
        guard let count = shape.checkedCount else { throw invalid("the shape \(shape) is impossible") }
        try charge(count)
        return Constant(shape: shape, elements: try elements())
    }

    // MARK: Element by element

    func foldedUnary(_ node: NodeProto) throws(SemblanceError) -> Constant {
        let x = try constant(node, 0)
        guard let function = UnaryFunction.named[node.operatorName] else { throw invalid("no such function") }
        return try made(x.shape) { () throws(SemblanceError) in
            switch (x.integers, node.operatorName) {
            case (nil, _): .floats(x.floats.map(function))
            case (let values?, "Neg"): .integers(values.map { 0 &- $0 })
            case (let values?, "Abs"): .integers(values.map { $0 < 0 ? 0 &- $0 : $0 })
            default: throw invalid("it takes no integers")
            }
        }
    }

    func whole(_ values: [some BinaryFloatingPoint]) throws(SemblanceError) -> [Int] {
        let integers = values.compactMap { Int(exactly: $0.rounded(.towardZero)) }
        guard integers.count == values.count else { throw invalid("a number that is no integer") }
        return integers
    }

    func foldedBinary(_ node: NodeProto) throws(SemblanceError) -> Constant {
        guard let function = BinaryFunction.named[node.operatorName] else {
            throw invalid("no such function")
        }
        var result = try anyConstant(node, 0)
        // Min and Max take any number of inputs.
        for index in node.inputs.indices.dropFirst() {
            let other = try anyConstant(node, index)
            let (a, b, shape) = try broadcast(result, other)
            result = Constant(shape: shape, elements: try function(a.elements, b.elements))
        }
        return result
    }

    private func broadcast(_ a: Constant, _ b: Constant) throws(SemblanceError) -> (Constant, Constant, Shape)
    {
        guard let shape = a.shape.broadcast(with: b.shape), let count = shape.checkedCount else {
            throw invalid("the shapes \(a.shape) and \(b.shape) do not go together")
        }
        try charge(count)
        return (a.broadcast(to: shape), b.broadcast(to: shape), shape)
    }

    func foldedNot(_ node: NodeProto) throws(SemblanceError) -> Constant {
        let x = try constant(node, 0)
        return try made(x.shape) { .integers(x.floats.map { $0 == 0 ? 1 : 0 }) }
    }

    func foldedWhere(_ node: NodeProto) throws(SemblanceError) -> Constant {
        let (condition, chosen, shape) = try broadcast(try constant(node, 0), try anyConstant(node, 1))
        let (first, second, whole) = try broadcast(chosen, try anyConstant(node, 2))
        guard whole.broadcast(with: shape) == whole else {
            throw invalid("the shapes \(shape) and \(whole) do not go together")
        }
        let truth = condition.broadcast(to: whole).floats
        return try made(whole) {
            let both = Constant.Elements.joined([first.elements, second.elements])
            return both.picked(truth.enumerated().map { $1 != 0 ? $0 : $0 + truth.count })
        }
    }

    func foldedCast(_ node: NodeProto) throws(SemblanceError) -> Constant {
        let x = try anyConstant(node, 0)
        guard let target = try node.integer("to").flatMap({ TensorProto.DataType(rawValue: $0) }) else {
            throw unsupported("a cast to this type")
        }
        return try made(x.shape) { () throws(SemblanceError) in
            switch (target, x.elements) {
            case (.float, .floats), (.double, .floats), (.float16, .floats), (.bfloat16, .floats),
                (.int64, .sizes), (.int32, .sizes):
                x.elements
            case (_, .sizes): throw unsupported("arithmetic on the batch size")
            case (.float, _), (.double, _), (.float16, _), (.bfloat16, _): .floats(x.floats)
            case (.bool, _): .integers(x.floats.map { $0 == 0 ? 0 : 1 })
            case (_, .floats(let values)): .integers(try whole(values))
            case (_, .integers): x.elements
            }
        }
    }

    // MARK: Reductions

    func foldedReduction(_ node: NodeProto) throws(SemblanceError) -> Constant {
        let x = try constant(node, 0)
        guard let reduction = Reduction.named[node.operatorName] else { throw invalid("no such reduction") }
        let axes = try reducedAxes(node, rank: x.shape.rank)
        var kept = x.shape
        for axis in axes { kept[axis] = 1 }
        let rest = x.shape.dimensions.indices.filter { !axes.contains($0) }.map { x.shape[$0] }
        let keepsAxes = try node.integer("keepdims") ?? 1 != 0
        // What is gone through, and the results with their axes kept.
        try charge(x.elements.count)
        return try made(keepsAxes ? kept : Shape(rest)) { () throws(SemblanceError) in
            let strides = kept.strides
            let steps = kept.dimensions.indices.map { axes.contains($0) ? 0 : strides[$0] }
            var results = [Double](repeating: reduction.start, count: kept.count)
            for (value, position) in zip(x.elements.doubles, Constant.positions(x.shape, steps: steps)) {
                results[position] = reduction.gather(results[position], value)
            }
            let count = axes.reduce(1) { $0 * x.shape[$1] }
            let numbers = results.map { reduction.finish($0, count) }
            return x.integers == nil ? .floats(numbers.map { Float($0) }) : .integers(try whole(numbers))
        }
    }
}
