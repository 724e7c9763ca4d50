import SemblanceCore

// Operators that change the form of a tensor and not its elements; all of them work on constants and on shapes too.
extension GraphReader {
    func reshape(_ node: NodeProto) throws(SemblanceError) {
        let allowsZero = try node.integer("allowzero") ?? 0 != 0
        let target = try dimensions(node, 1).values
        guard !allowsZero || !target.contains(0) else { throw unsupported("allowzero is not supported") }
        switch try value(node, 0) {
        case .computed(let name, let shape):
            try reshape((name, shape), to: target, node)
        case .constant(var constant):
            let known = target.compactMap { $0 }
            guard known.count == target.count else {
                throw unsupported("the shape depends on the batch size")
            }
            do throws(SemblanceError) {
                constant.shape = try Op.reshape(known).outputShapes(for: [constant.shape])[0]
            } catch { throw invalid(error.message) }
            try redefine(constant, node)
        case .dimensions(let values, _):
            guard target == [-1] || target == [values.count] || target == [] && values.count == 1 else {
                throw unsupported("a shape can only be reshaped to a list")
            }
            try define(.dimensions(values, isScalar: target == []), as: node.outputs[0])
        case .rowNorms: throw unsupported("norms can only divide what they were taken of")
        }
    }

    /// - Parameter target: as in the file; nil stands for the batch size.
    private func reshape(_ x: (name: String, shape: Shape), to target: [Int?], _ node: NodeProto)
        throws(SemblanceError)
    {
        var sizes: [Int] = []
        for (axis, size) in target.enumerated() {
            guard let size else {
                guard axis == 0 else { throw unsupported("the batch size moves to axis \(axis)") }
                sizes.append(0)
                continue
            }
            // The file's own fixed batch is a batch like any other.
            sizes.append(axis == 0 && size == fileBatch ? 0 : size)
        }
        guard sizes.allSatisfy({ $0 >= -1 }), sizes.count(where: { $0 == -1 }) <= 1 else {
            throw invalid("the shape \(sizes) makes no sense")
        }
        let result: Shape
        do throws(SemblanceError) {
            result = try Op.reshape(sizes).outputShapes(for: [x.shape])[0]
        } catch { throw invalid(error.message) }
        guard result.rank >= 1, result[0] == 1 else {
            throw unsupported(
                "a reshape to \(target.map { $0.map(String.init) ?? "batch" }) folds other axes into the batch"
            )
        }
        sizes[0] = 0
        // One canonical form for flattening: passes over networks look for it.
        if result.rank == 2 { sizes[1] = -1 }
        try emit(.reshape(sizes), x, of: node)
    }

    /// Reshapes x to a shape that is known for a batch of one.
    private func reshape(_ x: (name: String, shape: Shape), to shape: [Int], _ node: NodeProto)
        throws(SemblanceError)
    {
        guard shape.first == 1 else { throw unsupported("the batch axis goes away") }
        try reshape(x, to: [nil] + shape.dropFirst().map { Optional($0) }, node)
    }

    private func redefine(_ constant: Constant, _ node: NodeProto) throws(SemblanceError) {
        var constant = constant
        constant.name = node.outputs[0]
        try define(.constant(constant), as: node.outputs[0])
    }

    func flatten(_ node: NodeProto) throws(SemblanceError) {
        let x = try computed(node, 0)
        guard try axis(try node.integer("axis") ?? 1, rank: x.shape.rank) == 1 else {
            throw unsupported("only flattening from axis 1 on is supported")
        }
        try emit(.reshape([0, -1]), x, of: node)
    }

    func squeeze(_ node: NodeProto) throws(SemblanceError) {
        let axes = try integers(node, "axes", orInput: 1)
        func squeezed(_ shape: Shape) throws(SemblanceError) -> [Int] {
            var removed: Set<Int> = []
            for axis in axes ?? shape.dimensions.indices.filter({ shape[$0] == 1 }) {
                removed.insert(try self.axis(axis, rank: shape.rank))
            }
            guard removed.allSatisfy({ shape[$0] == 1 }) else {
                throw invalid("only axes of size 1 can be removed from \(shape)")
            }
            return shape.dimensions.indices.filter { !removed.contains($0) }.map { shape[$0] }
        }
        switch try value(node, 0) {
        case .computed(let name, let shape):
            guard let axes else { throw unsupported("the axes must be given: the batch may be 1") }
            guard !axes.contains(0), !axes.contains(-shape.rank) else {
                throw unsupported("the batch axis goes away")
            }
            try reshape((name, shape), to: try squeezed(shape), node)
        case .constant(var constant):
            constant.shape = Shape(try squeezed(constant.shape))
            try redefine(constant, node)
        case .dimensions(let values, let isScalar):
            guard values.count == 1, !isScalar else { throw invalid("a shape of \(values.count) entries") }
            try define(.dimensions(values, isScalar: true), as: node.outputs[0])
        case .rowNorms: throw unsupported("norms can only divide what they were taken of")
        }
    }

    func unsqueeze(_ node: NodeProto) throws(SemblanceError) {
        guard let axes = try integers(node, "axes", orInput: 1), axes.count <= 8 else {
            throw invalid("there are no axes")
        }
        func unsqueezed(_ shape: Shape) throws(SemblanceError) -> [Int] {
            let rank = shape.rank + axes.count
            var added: Set<Int> = []
            for axis in axes { added.insert(try self.axis(axis, rank: rank)) }
            guard added.count == axes.count else { throw invalid("an axis is given twice") }
            var rest = shape.dimensions[...]
            return (0..<rank).map { added.contains($0) ? 1 : rest.popFirst() ?? 1 }
        }
        switch try value(node, 0) {
        case .computed(let name, let shape):
            guard !axes.contains(0), !axes.contains(-(shape.rank + axes.count)) else {
                throw unsupported("an axis before the batch")
            }
            try reshape((name, shape), to: try unsqueezed(shape), node)
        case .constant(var constant):
            constant.shape = Shape(try unsqueezed(constant.shape))
            try redefine(constant, node)
        case .dimensions(let values, let isScalar):
            guard isScalar else { throw unsupported("a shape can only be a list") }
            try define(.dimensions(values, isScalar: false), as: node.outputs[0])
        case .rowNorms: throw unsupported("norms can only divide what they were taken of")
        }
    }

    func transpose(_ node: NodeProto) throws(SemblanceError) {
        func permutation(_ rank: Int) throws(SemblanceError) -> [Int] {
            let permutation = try node.integers("perm") ?? Array((0..<rank).reversed())
            guard permutation.sorted() == Array(0..<rank) else {
                throw invalid("\(permutation) does not permute \(rank) axes")
            }
            return permutation
        }
        if case .constant(let constant) = try value(node, 0) {
            return try redefine(constant.transposed(try permutation(constant.shape.rank)), node)
        }
        let x = try computed(node, 0)
        let order = try permutation(x.shape.rank)
        guard order.first == 0 else { throw unsupported("the batch axis moves") }
        try emit(.transpose(order), x, of: node)
    }

    func concat(_ node: NodeProto) throws(SemblanceError) {
        guard let given = try node.integer("axis") else { throw invalid("there is no axis") }
        guard !node.inputs.isEmpty else { throw invalid("there are no inputs") }
        guard case .computed = try value(node, 0) else {
            var joined: [Int?] = []
            for index in node.inputs.indices {
                let part = try dimensions(node, index)
                guard !part.isScalar, given == 0 || given == -1 else { throw invalid("it joins no lists") }
                joined += part.values
            }
            return try define(.dimensions(joined, isScalar: false), as: node.outputs[0])
        }
        var names: [String] = []
        var shapes: [Shape] = []
        for index in node.inputs.indices {
            let x = try computed(node, index)
            names.append(x.name)
            shapes.append(x.shape)
        }
        let axis = try axis(given, rank: shapes[0].rank)
        guard axis > 0 else { throw unsupported("joining along the batch axis") }
        try emit(.concat(axis: axis), names, shapes: shapes, as: node.outputs[0], of: node)
    }

    func slice(_ node: NodeProto) throws(SemblanceError) {
        // Attributes up to opset 9, inputs from 10 on.
        let starts = try integers(node, "starts", orInput: 1) ?? []
        let ends = try integers(node, "ends", orInput: 2) ?? []
        let axes = try integers(node, "axes", orInput: 3) ?? Array(starts.indices)
        let steps = has(node, 4) ? try integers(node, 4) : starts.map { _ in 1 }
        guard !starts.isEmpty, [ends, axes, steps].allSatisfy({ $0.count == starts.count }) else {
            throw invalid("starts, ends, axes and steps differ in length")
        }
        guard steps.allSatisfy({ $0 == 1 }) else { throw unsupported("only steps of 1 are supported") }
        /// Entries in ONNX's terms: negative counts from the end, and everything is cut to the axis.
        func range(_ index: Int, size: Int) -> Range<Int> {
            func position(_ value: Int) -> Int {
                min(max(value < 0 ? max(value, -size) + size : value, 0), size)
            }
            let start = position(starts[index])
            return start..<max(start, position(ends[index]))
        }
        guard case .computed = try value(node, 0) else {
            let list = try dimensions(node, 0)
            guard !list.isScalar, starts.count == 1, axes == [0] || axes == [-1] else {
                throw unsupported("a shape is sliced along its only axis")
            }
            let part = Array(list.values[range(0, size: list.values.count)])
            return try define(.dimensions(part, isScalar: false), as: node.outputs[0])
        }
        var x = try computed(node, 0)
        for (index, given) in axes.enumerated() {
            let axis = try axis(given, rank: x.shape.rank)
            let range = range(index, size: x.shape[axis])
            guard axis > 0 else { throw unsupported("slicing the batch axis") }
            guard !range.isEmpty else { throw invalid("nothing is left of axis \(axis)") }
            let isLast = index == axes.count - 1
            let output = isLast ? node.outputs[0] : freshName("\(node.outputs[0]).axis\(axis)")
            let op = Op.slice(axis: axis, start: range.lowerBound, count: range.count)
            try emit(op, [x.name], shapes: [x.shape], as: output, of: node)
            x.name = output
            x.shape[axis] = range.count
        }
    }

    /// The mean over an image is a global average pooling.
    func reduceMean(_ node: NodeProto) throws(SemblanceError) {
        let x = try computed(node, 0)
        var axes: Set<Int> = []
        for axis in try integers(node, "axes", orInput: 1) ?? [] {
            axes.insert(try self.axis(axis, rank: x.shape.rank))
        }
        guard x.shape.rank == 4, axes == [2, 3] else {
            throw unsupported("only the mean over height and width is supported")
        }
        guard try node.integer("keepdims") ?? 1 == 0 else { return try emit(.globalAveragePool, x, of: node) }
        let mean = freshName("\(node.outputs[0]).mean")
        try emit(.globalAveragePool, [x.name], shapes: [x.shape], as: mean, of: node)
        try emit(.reshape([0, -1]), (mean, [1, x.shape.channels, 1, 1]), of: node)
    }
}
