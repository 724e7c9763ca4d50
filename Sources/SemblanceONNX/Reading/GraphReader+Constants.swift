import SemblanceCore

// Where constants come from.
extension GraphReader {
    func constantNode(_ node: NodeProto) throws(SemblanceError) {
        var constant: Constant
        if let tensor = try node.tensor("value") {
            constant = try decoded(tensor)
        } else if let value = try node.float("value_float") {
            constant = Constant(shape: [], elements: .floats([value]))
        } else if let values = try node.floats("value_floats") {
            constant = Constant(shape: [values.count], elements: .floats(values))
        } else if let value = try node.integer("value_int") {
            constant = Constant(shape: [], elements: .integers([value]))
        } else if let values = try node.integers("value_ints") {
            constant = Constant(shape: [values.count], elements: .integers(values))
        } else {
            throw unsupported("it has no value of a supported kind")
        }
        constant.name = node.outputs[0]
        try define(.constant(constant), as: constant.name)
    }

    /// The batch size, which is open, and the others, which are not.
    func shape(_ node: NodeProto) throws(SemblanceError) {
        let x = try computed(node, 0)
        let sizes = [nil] + x.shape.dimensions.dropFirst().map { Optional($0) }
        let part = Array(sizes[try shapeRange(node, rank: sizes.count)])
        let constant = Constant(name: node.outputs[0], shape: [part.count], elements: .init(part))
        try define(.constant(constant), as: constant.name)
    }

    /// The entries that a Shape gives of all: negative bounds count from the end, and everything is cut to the rank.
    func shapeRange(_ node: NodeProto, rank: Int) throws(SemblanceError) -> Range<Int> {
        func bound(_ given: Int) -> Int { min(max(given < 0 ? max(given, -rank) + rank : given, 0), rank) }
        let start = bound(try node.integer("start") ?? 0)
        return start..<max(start, bound(try node.integer("end") ?? rank))
    }

    /// What the network computes is float and stays so.
    func cast(_ node: NodeProto) throws(SemblanceError) {
        switch try node.integer("to").flatMap({ TensorProto.DataType(rawValue: $0) }) {
        case .float, .double, .float16, .bfloat16: try identity(node)
        default: throw unsupported("this cast is not supported")
        }
    }
}
