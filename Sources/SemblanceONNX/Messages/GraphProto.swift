import SemblanceCore

/// Nodes in topological order, weights, inputs and outputs.
struct GraphProto {
    var name = ""
    var nodes: [NodeProto] = []
    var initialisers: [TensorProto] = []
    var inputs: [ValueInfoProto] = []
    var outputs: [ValueInfoProto] = []
    /// Sparse weights, which the engine does not read.
    var hasSparseInitialisers = false

    init(name: String) { self.name = name }

    init(_ message: ProtobufReader) throws(SemblanceError) {
        var reader = message
        while let field = try reader.next() {
            switch field.number {
            case 1: nodes.append(try NodeProto(field.message()))
            case 2: name = try field.string()
            case 5: initialisers.append(try TensorProto(field.message()))
            case 11: inputs.append(try ValueInfoProto(field.message()))
            case 12: outputs.append(try ValueInfoProto(field.message()))
            case 15: hasSparseInitialisers = true
            default: break
            }
        }
    }

    var encoded: ProtobufWriter {
        var writer = ProtobufWriter()
        for node in nodes { writer.message(node.encoded, field: 1) }
        writer.string(name, field: 2)
        for tensor in initialisers { writer.message(tensor.encoded, field: 5) }
        for input in inputs { writer.message(input.encoded, field: 11) }
        for output in outputs { writer.message(output.encoded, field: 12) }
        return writer
    }
}

/// One operator. An empty input name is an optional input that is left out.
struct NodeProto {
    var name = ""
    var operatorName = ""
    var domain = ""
    var inputs: [String] = []
    var outputs: [String] = []
    var attributes: [AttributeProto] = []

    init(
        _ operatorName: String, name: String, inputs: [String], output: String,
        attributes: [AttributeProto] = []
    ) {
        self.operatorName = operatorName
        self.name = name
        self.inputs = inputs
        outputs = [output]
        self.attributes = attributes
    }

    init(_ message: ProtobufReader) throws(SemblanceError) {
        var reader = message
        while let field = try reader.next() {
            switch field.number {
            case 1: inputs.append(try field.string())
            case 2: outputs.append(try field.string())
            case 3: name = try field.string()
            case 4: operatorName = try field.string()
            case 5: attributes.append(try AttributeProto(field.message()))
            case 7: domain = try field.string()
            default: break
            }
        }
    }

    var encoded: ProtobufWriter {
        var writer = ProtobufWriter()
        for input in inputs { writer.string(input, field: 1) }
        for output in outputs { writer.string(output, field: 2) }
        writer.string(name, field: 3)
        writer.string(operatorName, field: 4)
        for attribute in attributes { writer.message(attribute.encoded, field: 5) }
        return writer
    }
}

/// A named input or output of a graph.
struct ValueInfoProto {
    var name = ""
    /// `TensorProto.DataType`; 0 where the file does not say.
    var elementType = 0
    /// nil where the file gives no shape; a dimension of nil is open, such as the batch.
    var dimensions: [Int?]?

    init(name: String, dimensions: [Int?]) {
        self.name = name
        elementType = TensorProto.DataType.float.rawValue
        self.dimensions = dimensions
    }

    init(_ message: ProtobufReader) throws(SemblanceError) {
        var reader = message
        while let field = try reader.next() {
            switch field.number {
            case 1: name = try field.string()
            case 2: try readType(field.message())
            default: break
            }
        }
    }

    private mutating func readType(_ message: ProtobufReader) throws(SemblanceError) {
        var type = message
        while let field = try type.next() {
            guard field.number == 1 else { continue }
            var tensor = try field.message()
            while let part = try tensor.next() {
                switch part.number {
                case 1: elementType = try part.integer()
                case 2: dimensions = try Self.shape(part.message())
                default: break
                }
            }
        }
    }

    private static func shape(_ message: ProtobufReader) throws(SemblanceError) -> [Int?] {
        var shape = message
        var result: [Int?] = []
        while let field = try shape.next() {
            guard field.number == 1 else { continue }
            var dimension = try field.message()
            var value: Int?
            while let part = try dimension.next() {
                if part.number == 1 { value = try part.integer() }
            }
            result.append(value)
        }
        return result
    }

    /// Open dimensions get the name `N`.
    var encoded: ProtobufWriter {
        var shape = ProtobufWriter()
        for dimension in dimensions ?? [] {
            var part = ProtobufWriter()
            if let dimension { part.integer(dimension, field: 1) } else { part.string("N", field: 2) }
            shape.message(part, field: 1)
        }
        var tensor = ProtobufWriter()
        tensor.integer(elementType, field: 1)
        tensor.message(shape, field: 2)
        var type = ProtobufWriter()
        type.message(tensor, field: 1)
        var writer = ProtobufWriter()
        writer.string(name, field: 1)
        writer.message(type, field: 2)
        return writer
    }
}
