import SemblanceCore

// Moves of constants' elements, and constants that come from shapes.
extension GraphReader {
    func foldedIdentity(_ node: NodeProto) throws(SemblanceError) -> Constant {
        try anyConstant(node, 0)
    }

    func foldedConcat(_ node: NodeProto) throws(SemblanceError) -> Constant {
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

    func foldedGather(_ node: NodeProto) throws(SemblanceError) -> Constant {
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

    func foldedSlice(_ node: NodeProto) throws(SemblanceError) -> Constant {
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

    func foldedExpand(_ node: NodeProto) throws(SemblanceError) -> Constant {
        let x = try anyConstant(node, 0)
        let target = Shape(try integers(node, 1))
        guard let shape = x.shape.broadcast(with: target) else {
            throw invalid("\(x.shape) does not expand to \(target)")
        }
        return try made(shape) { x.broadcast(to: shape).elements }
    }

    func foldedTranspose(_ node: NodeProto) throws(SemblanceError) -> Constant {
        let x = try anyConstant(node, 0)
        let order = try permutation(node, rank: x.shape.rank)
        try charge(x.elements.count)
        return x.transposed(order)
    }

    func foldedReshape(_ node: NodeProto) throws(SemblanceError) -> Constant {
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

    func foldedFlatten(_ node: NodeProto) throws(SemblanceError) -> Constant {
        var x = try anyConstant(node, 0)
        let given = try node.integer("axis") ?? 1
        let axis = given == x.shape.rank ? given : try axis(given, rank: x.shape.rank)
        let rows = x.shape.dimensions[..<axis].reduce(1, *)
        x.shape = [rows, x.shape.dimensions[axis...].reduce(1, *)]
        return x
    }

    func foldedSqueeze(_ node: NodeProto) throws(SemblanceError) -> Constant {
        var x = try anyConstant(node, 0)
        x.shape = Shape(try squeezed(node, x.shape))
        return x
    }

    func foldedUnsqueeze(_ node: NodeProto) throws(SemblanceError) -> Constant {
        var x = try anyConstant(node, 0)
        x.shape = Shape(try unsqueezed(node, x.shape))
        return x
    }

    func foldedShape(_ node: NodeProto) throws(SemblanceError) -> Constant {
        let sizes = try anyConstant(node, 0).shape.dimensions
        let part = Array(sizes[try shapeRange(node, rank: sizes.count)])
        return Constant(shape: [part.count], elements: .integers(part))
    }

    func foldedSize(_ node: NodeProto) throws(SemblanceError) -> Constant {
        Constant(shape: [], elements: .integers([try anyConstant(node, 0).elements.count]))
    }

    func foldedConstantOfShape(_ node: NodeProto) throws(SemblanceError) -> Constant {
        let value = try node.tensor("value").map { (tensor) throws(SemblanceError) in try decoded(tensor) }
        let element = value?.elements ?? .floats([0])
        guard element.count == 1 else { throw invalid("its value must be a single number") }
        let shape = Shape(try integers(node, 0))
        return try made(shape) { element.picked([Int](repeating: 0, count: shape.count)) }
    }

    func foldedRange(_ node: NodeProto) throws(SemblanceError) -> Constant {
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
}
