import SemblanceCore

/// A constant setting of a node.
struct AttributeProto {
    enum Value {
        case float(Float)
        case integer(Int)
        case string(String)
        case tensor(TensorProto)
        case floats([Float])
        case integers([Int])
        /// Graphs, sparse tensors, lists of strings: no operator that is read has them.
        case other

        /// The number in the message's `type` field.
        var type: Int {
            switch self {
            case .float: 1
            case .integer: 2
            case .string: 3
            case .tensor: 4
            case .floats: 6
            case .integers: 7
            case .other: 0
            }
        }
    }

    var name = ""
    var value = Value.other

    init(_ name: String, _ value: Value) {
        self.name = name
        self.value = value
    }

    init(_ message: ProtobufReader) throws(SemblanceError) {
        var reader = message
        var type = 0
        var float: Float = 0
        var integer = 0
        var string: ArraySlice<UInt8> = []
        var tensor: TensorProto?
        var floats: [Float] = []
        var integers: [Int] = []
        while let field = try reader.next() {
            switch field.number {
            case 1: name = try field.string()
            case 2: float = try field.float()
            case 3: integer = try field.integer()
            case 4: string = try field.bytes()
            case 5: tensor = try TensorProto(field.message())
            case 7: try field.append(to: &floats)
            case 8: try field.append(to: &integers)
            case 20: type = try field.integer()
            default: break
            }
        }
        switch type {
        case 1: value = .float(float)
        case 2: value = .integer(integer)
        case 3: value = .string(String(decoding: string, as: UTF8.self))
        case 4: if let tensor { value = .tensor(tensor) }
        case 6: value = .floats(floats)
        case 7: value = .integers(integers)
        default: break
        }
    }

    var encoded: ProtobufWriter {
        var writer = ProtobufWriter()
        writer.string(name, field: 1)
        switch value {
        case .float(let value): writer.float(value, field: 2)
        case .integer(let value): writer.integer(value, field: 3)
        case .string(let value): writer.string(value, field: 4)
        case .tensor(let value): writer.message(value.encoded, field: 5)
        case .floats(let values): for value in values { writer.float(value, field: 7) }
        // Unpacked: the field is declared without [packed], and strict readers take it as declared.
        case .integers(let values): for value in values { writer.integer(value, field: 8) }
        case .other: break
        }
        writer.integer(value.type, field: 20)
        return writer
    }
}

extension NodeProto {
    private func attribute(_ name: String) -> AttributeProto.Value? {
        attributes.first { $0.name == name }?.value
    }

    private func wrongType(_ name: String) -> SemblanceError {
        SemblanceError(.invalidModel, "the attribute \(name) has the wrong type")
    }

    func integer(_ name: String) throws(SemblanceError) -> Int? {
        switch attribute(name) {
        case nil: return nil
        case .integer(let value): return value
        default: throw wrongType(name)
        }
    }

    func float(_ name: String) throws(SemblanceError) -> Float? {
        switch attribute(name) {
        case nil: return nil
        case .float(let value): return value
        default: throw wrongType(name)
        }
    }

    func string(_ name: String) throws(SemblanceError) -> String? {
        switch attribute(name) {
        case nil: return nil
        case .string(let value): return value
        default: throw wrongType(name)
        }
    }

    func integers(_ name: String) throws(SemblanceError) -> [Int]? {
        switch attribute(name) {
        case nil: return nil
        case .integers(let values): return values
        default: throw wrongType(name)
        }
    }

    func floats(_ name: String) throws(SemblanceError) -> [Float]? {
        switch attribute(name) {
        case nil: return nil
        case .floats(let values): return values
        default: throw wrongType(name)
        }
    }

    func tensor(_ name: String) throws(SemblanceError) -> TensorProto? {
        switch attribute(name) {
        case nil: return nil
        case .tensor(let value): return value
        default: throw wrongType(name)
        }
    }
}
