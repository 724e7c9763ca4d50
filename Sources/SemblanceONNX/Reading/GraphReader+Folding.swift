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
    private func made(_ shape: Shape, _ elements: () throws(SemblanceError) -> Constant.Elements)
        throws(SemblanceError) -> Constant
    {
        guard let count = shape.checkedCount else { throw invalid("the shape \(shape) is impossible") }
        try charge(count)
        return Constant(shape: shape, elements: try elements())
    }

    // MARK: Element by element

    private func foldedUnary(_ node: NodeProto) throws(SemblanceError) -> Constant {
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

    private func whole(_ values: [some BinaryFloatingPoint]) throws(SemblanceError) -> [Int] {
        let integers = values.compactMap { Int(exactly: $0.rounded(.towardZero)) }
        guard integers.count == values.count else { throw invalid("a number that is no integer") }
        return integers
    }

    private func foldedBinary(_ node: NodeProto) throws(SemblanceError) -> Constant {
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

    private func foldedNot(_ node: NodeProto) throws(SemblanceError) -> Constant {
        let x = try constant(node, 0)
        return try made(x.shape) { .integers(x.floats.map { $0 == 0 ? 1 : 0 }) }
    }

    private func foldedWhere(_ node: NodeProto) throws(SemblanceError) -> Constant {
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

    private func foldedCast(_ node: NodeProto) throws(SemblanceError) -> Constant {
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

    // MARK: Form

    private func foldedIdentity(_ node: NodeProto) throws(SemblanceError) -> Constant {
        try anyConstant(node, 0)
    }

    private func foldedConcat(_ node: NodeProto) throws(SemblanceError) -> Constant {
        var parts: [Constant] = []
        for index in node.inputs.indices { parts.append(try anyConstant(node, index)) }
        guard let given = try node.integer("axis") else { throw invalid("there is no axis") }
        let axis = try axis(given, rank: parts[0].shape.rank)
        let shapes = parts.map(\.shape)
        let shape: Shape
        do throws(SemblanceError) { shape = try Op.concat(axis: axis).outputShapes(for: shapes)[0] } catch {
            throw invalid(error.message)
        }
        return try made(shape) {
            // Empty parts would be gone through for every row.
            let parts = parts.filter { $0.elements.count > 0 }
            let all = Constant.Elements.joined(parts.map(\.elements))
            guard axis > 0, !parts.isEmpty else { return all }
            var order: [Int] = []
            order.reserveCapacity(all.count)
            for row in 0..<shape.dimensions[..<axis].reduce(1, *) {
                var start = 0
                for part in parts {
                    let width = part.shape.dimensions[axis...].reduce(1, *)
                    order += start + row * width..<start + (row + 1) * width
                    start += part.elements.count
                }
            }
            return all.picked(order)
        }
    }

    private func foldedGather(_ node: NodeProto) throws(SemblanceError) -> Constant {
        let data = try anyConstant(node, 0)
        let indices = try constant(node, 1)
        let axis = try axis(try node.integer("axis") ?? 0, rank: data.shape.rank)
        var entries: [Int] = []
        for index in indices.integers ?? [] { entries.append(try self.axis(index, rank: data.shape[axis])) }
        guard entries.count == indices.elements.count else { throw invalid("the indices are no integers") }
        let outer = data.shape.dimensions[..<axis], inner = data.shape.dimensions[(axis + 1)...]
        return try made(Shape(outer + indices.shape.dimensions + inner)) {
            let width = inner.reduce(1, *)
            var order: [Int] = []
            guard width > 0, !entries.isEmpty else { return data.elements.picked(order) }
            for row in 0..<outer.reduce(1, *) {
                for entry in entries {
                    let start = (row * data.shape[axis] + entry) * width
                    order += start..<start + width
                }
            }
            return data.elements.picked(order)
        }
    }

    private func foldedSlice(_ node: NodeProto) throws(SemblanceError) -> Constant {
        let x = try anyConstant(node, 0)
        var shape = x.shape
        var steps = x.shape.strides
        var start = 0
        for cut in try cuts(node, of: x.shape) {
            start += cut.start * steps[cut.axis]
            shape[cut.axis] = cut.count
            steps[cut.axis] *= cut.step
        }
        return try made(shape) { x.elements.picked(Constant.positions(shape, steps: steps, start: start)) }
    }

    private func foldedExpand(_ node: NodeProto) throws(SemblanceError) -> Constant {
        let x = try anyConstant(node, 0)
        let target = Shape(try integers(node, 1))
        guard let shape = x.shape.broadcast(with: target) else {
            throw invalid("\(x.shape) does not expand to \(target)")
        }
        return try made(shape) { x.broadcast(to: shape).elements }
    }

    private func foldedTranspose(_ node: NodeProto) throws(SemblanceError) -> Constant {
        let x = try anyConstant(node, 0)
        let order = try permutation(node, rank: x.shape.rank)
        try charge(x.elements.count)
        return x.transposed(order)
    }

    private func foldedReshape(_ node: NodeProto) throws(SemblanceError) -> Constant {
        var x = try anyConstant(node, 0)
        let target = try integers(node, 1)
        guard try node.integer("allowzero") ?? 0 == 0 || !target.contains(0) else {
            throw unsupported("allowzero is not supported")
        }
        do throws(SemblanceError) {
            x.shape = try Op.reshape(target).outputShapes(for: [x.shape])[0]
        } catch { throw invalid(error.message) }
        return x
    }

    private func foldedFlatten(_ node: NodeProto) throws(SemblanceError) -> Constant {
        var x = try anyConstant(node, 0)
        let given = try node.integer("axis") ?? 1
        let axis = given == x.shape.rank ? given : try axis(given, rank: x.shape.rank)
        let rows = x.shape.dimensions[..<axis].reduce(1, *)
        x.shape = [rows, x.shape.dimensions[axis...].reduce(1, *)]
        return x
    }

    private func foldedSqueeze(_ node: NodeProto) throws(SemblanceError) -> Constant {
        var x = try anyConstant(node, 0)
        x.shape = Shape(try squeezed(node, x.shape))
        return x
    }

    private func foldedUnsqueeze(_ node: NodeProto) throws(SemblanceError) -> Constant {
        var x = try anyConstant(node, 0)
        x.shape = Shape(try unsqueezed(node, x.shape))
        return x
    }

    // MARK: From shapes

    private func foldedShape(_ node: NodeProto) throws(SemblanceError) -> Constant {
        let sizes = try anyConstant(node, 0).shape.dimensions
        let part = Array(sizes[try shapeRange(node, rank: sizes.count)])
        return Constant(shape: [part.count], elements: .integers(part))
    }

    private func foldedSize(_ node: NodeProto) throws(SemblanceError) -> Constant {
        Constant(shape: [], elements: .integers([try anyConstant(node, 0).elements.count]))
    }

    private func foldedConstantOfShape(_ node: NodeProto) throws(SemblanceError) -> Constant {
        let value = try node.tensor("value").map { (tensor) throws(SemblanceError) in try decoded(tensor) }
        let element = value?.elements ?? .floats([0])
        guard element.count == 1 else { throw invalid("its value must be a single number") }
        let shape = Shape(try integers(node, 0))
        return try made(shape) { element.picked([Int](repeating: 0, count: shape.count)) }
    }

    private func foldedRange(_ node: NodeProto) throws(SemblanceError) -> Constant {
        let bounds = Constant.Elements.joined([
            try constant(node, 0).elements, try constant(node, 1).elements, try constant(node, 2).elements,
        ])
        let values = bounds.doubles
        guard values.count == 3, values[2] != 0, values.allSatisfy({ abs($0) < 0x1p30 }) else {
            throw invalid("a range of \(values)")
        }
        let count = max(0, ((values[1] - values[0]) / values[2]).rounded(.up))
        guard let count = Int(exactly: count) else { throw invalid("a range of \(values)") }
        return try made([count]) {
            let numbers = (0..<count).map { values[0] + Double($0) * values[2] }
            if case .integers = bounds { return .integers(numbers.map { Int($0) }) }
            return .floats(numbers.map { Float($0) })
        }
    }

    // MARK: Reductions

    private func foldedReduction(_ node: NodeProto) throws(SemblanceError) -> Constant {
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
