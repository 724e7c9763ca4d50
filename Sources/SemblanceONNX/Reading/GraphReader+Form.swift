import SemblanceCore

// Operators that change the form of a tensor and not its elements.
extension GraphReader {
    func reshape(_ node: NodeProto) throws(SemblanceError) {
        let target = try sizes(node, 1)
        guard try node.integer("allowzero") ?? 0 == 0 || !target.contains(0) else {
            throw unsupported("allowzero is not supported")
        }
        let x = try computed(node, 0)
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
        try emit(.reshape(canonical(sizes)), x, of: node)
    }

    /// One form for flattening: passes over networks look for it.
    private func canonical(_ sizes: [Int]) -> [Int] { sizes.count == 2 ? [0, -1] : sizes }

    /// Reshapes x to a shape that is known for a batch of one.
    func reshape(_ x: Computed, to shape: [Int], of node: NodeProto) throws(SemblanceError) {
        guard shape.first == 1 else { throw unsupported("the batch axis goes away") }
        try emit(.reshape(canonical([0] + shape.dropFirst())), x, of: node)
    }

    /// As a step of several; nothing where x has the shape already.
    func reshaped(_ x: Computed, to shape: [Int], of node: NodeProto) throws(SemblanceError) -> Computed {
        guard x.shape.dimensions != shape else { return x }
        return try step(.reshape(canonical([0] + shape.dropFirst())), x, named: "form", of: node)
    }

    func flatten(_ node: NodeProto) throws(SemblanceError) {
        let x = try computed(node, 0)
        guard try axis(try node.integer("axis") ?? 1, rank: x.shape.rank) == 1 else {
            throw unsupported("only flattening from axis 1 on is supported")
        }
        try emit(.reshape([0, -1]), x, of: node)
    }

    func squeeze(_ node: NodeProto) throws(SemblanceError) {
        let x = try computed(node, 0)
        guard try integers(node, "axes", orInput: 1) != nil else {
            throw unsupported("the axes must be given: the batch may be 1")
        }
        let shape = try squeezed(node, x.shape)
        guard shape.count < x.shape.rank else { return try identity(node) }
        guard try !squeezedAxes(node, x.shape).contains(0) else {
            throw unsupported("the batch axis goes away")
        }
        try reshape(x, to: shape, of: node)
    }

    private func squeezedAxes(_ node: NodeProto, _ shape: Shape) throws(SemblanceError) -> Set<Int> {
        let axes =
            try integers(node, "axes", orInput: 1) ?? shape.dimensions.indices.filter { shape[$0] == 1 }
        var removed: Set<Int> = []
        for axis in axes { removed.insert(try self.axis(axis, rank: shape.rank)) }
        guard removed.allSatisfy({ shape[$0] == 1 }) else {
            throw invalid("only axes of size 1 can be removed from \(shape)")
        }
        return removed
    }

    /// The shape without the axes that a Squeeze removes.
    func squeezed(_ node: NodeProto, _ shape: Shape) throws(SemblanceError) -> [Int] {
        let removed = try squeezedAxes(node, shape)
        return shape.dimensions.indices.filter { !removed.contains($0) }.map { shape[$0] }
    }

    func unsqueeze(_ node: NodeProto) throws(SemblanceError) {
        let x = try computed(node, 0)
        let shape = try unsqueezed(node, x.shape)
        let axes = try integers(node, "axes", orInput: 1) ?? []
        guard !axes.contains(0), !axes.contains(-shape.count) else {
            throw unsupported("an axis before the batch")
        }
        try reshape(x, to: shape, of: node)
    }

    /// The shape with the axes that an Unsqueeze adds.
    func unsqueezed(_ node: NodeProto, _ shape: Shape) throws(SemblanceError) -> [Int] {
        guard let axes = try integers(node, "axes", orInput: 1), axes.count <= 8 else {
            throw invalid("there are no axes")
        }
        let rank = shape.rank + axes.count
        var added: Set<Int> = []
        for axis in axes { added.insert(try self.axis(axis, rank: rank)) }
        guard added.count == axes.count else { throw invalid("an axis is given twice") }
        var rest = shape.dimensions[...]
        return (0..<rank).map { added.contains($0) ? 1 : rest.popFirst() ?? 1 }
    }

    func transpose(_ node: NodeProto) throws(SemblanceError) {
        let x = try computed(node, 0)
        let order = try permutation(node, rank: x.shape.rank)
        guard order.first == 0 else { throw unsupported("the batch axis moves") }
        try emit(.transpose(order), x, of: node)
    }

    func permutation(_ node: NodeProto, rank: Int) throws(SemblanceError) -> [Int] {
        let permutation = try node.integers("perm") ?? Array((0..<rank).reversed())
        guard permutation.sorted() == Array(0..<rank) else {
            throw invalid("\(permutation) does not permute \(rank) axes")
        }
        return permutation
    }

    func concat(_ node: NodeProto) throws(SemblanceError) {
        guard let given = try node.integer("axis") else { throw invalid("there is no axis") }
        guard !node.inputs.isEmpty else { throw invalid("there are no inputs") }
        var parts: [Computed] = []
        for index in node.inputs.indices { parts.append(try computed(node, index)) }
        let axis = try axis(given, rank: parts[0].shape.rank)
        guard axis > 0 else { throw unsupported("joining along the batch axis") }
        try emit(.concat(axis: axis), parts, as: node.outputs[0], of: node)
    }
}
