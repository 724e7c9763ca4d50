import SemblanceCore

// Constants, and the arithmetic on shapes that exporters put before Reshape and Expand.
extension GraphReader {
    func constantNode(_ node: NodeProto) throws(SemblanceError) {
        var constant: Constant
        if let tensor = try node.tensor("value") {
            constant = try decoded(tensor)
        } else if let value = try node.float("value_float") {
            constant = Constant(name: "", shape: [], elements: .floats([value]))
        } else if let values = try node.floats("value_floats") {
            constant = Constant(name: "", shape: [values.count], elements: .floats(values))
        } else if let value = try node.integer("value_int") {
            constant = Constant(name: "", shape: [], elements: .integers([value]))
        } else if let values = try node.integers("value_ints") {
            constant = Constant(name: "", shape: [values.count], elements: .integers(values))
        } else {
            throw unsupported("it has no value of a supported kind")
        }
        constant.name = node.outputs[0]
        try define(.constant(constant), as: node.outputs[0])
    }

    func shape(_ node: NodeProto) throws(SemblanceError) {
        let x = try computed(node, 0)
        let rank = x.shape.rank
        /// Like the bounds of a slice: negative counts from the end, and everything is cut to the rank.
        func bound(_ given: Int) -> Int { min(max(given < 0 ? max(given, -rank) + rank : given, 0), rank) }
        let start = bound(try node.integer("start") ?? 0)
        let end = bound(try node.integer("end") ?? rank)
        let sizes = [nil] + x.shape.dimensions.dropFirst().map { Optional($0) }
        try define(.dimensions(Array(sizes[start..<max(start, end)]), isScalar: false), as: node.outputs[0])
    }

    /// Entries of a shape.
    func gather(_ node: NodeProto) throws(SemblanceError) {
        let data = try dimensions(node, 0)
        let indices = try dimensions(node, 1)
        guard !data.isScalar, try node.integer("axis") ?? 0 == 0 else {
            throw invalid("it takes entries of no list")
        }
        var result: [Int?] = []
        for index in indices.values {
            guard let index else { throw unsupported("an index depends on the batch size") }
            result.append(data.values[try axis(index, rank: data.values.count)])
        }
        try define(.dimensions(result, isScalar: indices.isScalar), as: node.outputs[0])
    }

    func cast(_ node: NodeProto) throws(SemblanceError) {
        let target = try node.integer("to").flatMap { TensorProto.DataType(rawValue: $0) }
        let isFloat = target == .float || target == .double || target == .float16 || target == .bfloat16
        switch try value(node, 0) {
        case .computed where isFloat, .rowNorms where isFloat:
            return try identity(node)
        case .dimensions where target == .int64 || target == .int32:
            return try identity(node)
        case .constant(var constant):
            guard target != nil, target != .bool else { break }
            if isFloat {
                constant.elements = .floats(constant.floats)
            } else {
                let integers =
                    constant.integers ?? constant.floats.compactMap { Int(exactly: $0.rounded(.towardZero)) }
                guard integers.count == constant.elements.count else {
                    throw invalid("a number that is no integer")
                }
                constant.elements = .integers(integers)
            }
            constant.name = node.outputs[0]
            return try define(.constant(constant), as: node.outputs[0])
        default: break
        }
        throw unsupported("this cast is not supported")
    }

    /// Norms are stretched to the shape of what they will divide: dividing does so by itself.
    func expand(_ node: NodeProto) throws(SemblanceError) {
        guard case .rowNorms = try value(node, 0) else { throw unsupported("only norms can be expanded") }
        guard try dimensions(node, 1).values.count == 2 else {
            throw unsupported("norms make no matrix here")
        }
        try identity(node)
    }

    /// Add, Sub, Mul and Div of dimensions, element by element; a scalar goes with every element.
    func shapeArithmetic(_ node: NodeProto) throws(SemblanceError) {
        let a = try dimensions(node, 0), b = try dimensions(node, 1)
        let count = max(a.values.count, b.values.count)
        guard [a, b].allSatisfy({ $0.values.count == count || $0.values.count == 1 }) else {
            throw invalid("the shapes differ in length")
        }
        var result: [Int?] = []
        for index in 0..<count {
            guard let left = a.values[a.values.count == 1 ? 0 : index],
                let right = b.values[b.values.count == 1 ? 0 : index]
            else { throw unsupported("arithmetic on the batch size") }
            let (value, overflow) =
                switch node.operatorName {
                case "Add": left.addingReportingOverflow(right)
                case "Sub": left.subtractingReportingOverflow(right)
                case "Mul": left.multipliedReportingOverflow(by: right)
                default: left.dividedReportingOverflow(by: right)
                }
            guard !overflow else { throw invalid("\(left) and \(right) are out of range") }
            result.append(value)
        }
        try define(.dimensions(result, isScalar: a.isScalar && b.isScalar), as: node.outputs[0])
    }
}
