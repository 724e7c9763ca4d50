import SemblanceCore

// The messages of onnx.proto, with the fields that the engine reads and writes.

/// A whole file.
struct ModelProto {
    var irVersion = 0
    var producerName = ""
    var producerVersion = ""
    var graph: GraphProto?
    var opsets: [OperatorSetIdProto] = []
    var metadata: [StringStringEntryProto] = []

    init() {}

    init(_ message: ProtobufReader) throws(SemblanceError) {
        var reader = message
        while let field = try reader.next() {
            switch field.number {
            case 1: irVersion = try field.integer()
            case 2: producerName = try field.string()
            case 3: producerVersion = try field.string()
            case 7:
                guard graph == nil else { throw SemblanceError(.invalidModel, "the file holds two graphs") }
                graph = try GraphProto(field.message())
            case 8: opsets.append(try OperatorSetIdProto(field.message()))
            case 14: metadata.append(try StringStringEntryProto(field.message()))
            default: break
            }
        }
    }

    var encoded: ProtobufWriter {
        var writer = ProtobufWriter()
        writer.integer(irVersion, field: 1)
        writer.string(producerName, field: 2)
        writer.string(producerVersion, field: 3)
        if let graph { writer.message(graph.encoded, field: 7) }
        for opset in opsets { writer.message(opset.encoded, field: 8) }
        for entry in metadata { writer.message(entry.encoded, field: 14) }
        return writer
    }
}

/// A version of a set of operators.
struct OperatorSetIdProto {
    /// Empty (or `ai.onnx`) for ONNX's own operators.
    var domain = ""
    var version = 0

    init(domain: String = "", version: Int) {
        self.domain = domain
        self.version = version
    }

    init(_ message: ProtobufReader) throws(SemblanceError) {
        var reader = message
        while let field = try reader.next() {
            switch field.number {
            case 1: domain = try field.string()
            case 2: version = try field.integer()
            default: break
            }
        }
    }

    var encoded: ProtobufWriter {
        var writer = ProtobufWriter()
        writer.string(domain, field: 1)
        writer.integer(version, field: 2)
        return writer
    }
}

/// An entry of a model's metadata.
struct StringStringEntryProto {
    var key = ""
    var value = ""

    init(key: String, value: String) {
        self.key = key
        self.value = value
    }

    init(_ message: ProtobufReader) throws(SemblanceError) {
        var reader = message
        while let field = try reader.next() {
            switch field.number {
            case 1: key = try field.string()
            case 2: value = try field.string()
            default: break
            }
        }
    }

    var encoded: ProtobufWriter {
        var writer = ProtobufWriter()
        writer.string(key, field: 1)
        writer.string(value, field: 2)
        return writer
    }
}
