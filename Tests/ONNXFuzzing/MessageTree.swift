import SemblanceCore

/// An ONNX file taken apart into its protobuf messages, to be changed and put together again. It shares no code with the engine's
/// reader, and knows of the schema only which fields are messages.
struct MessageTree {
    /// Kinds of messages that are taken apart, and where the messages inside them are.
    enum Kind {
        case model, graph, node, attribute, tensor, value, type, tensorType, shape, dimension

        func inside(_ field: UInt64) -> Kind? {
            switch (self, field) {
            case (.model, 7): .graph
            case (.graph, 1): .node
            case (.graph, 5), (.attribute, 5): .tensor
            case (.graph, 11), (.graph, 12): .value
            case (.node, 5): .attribute
            case (.value, 2): .type
            case (.type, 1): .tensorType
            case (.tensorType, 2): .shape
            case (.shape, 1): .dimension
            default: nil
            }
        }
    }

    enum Payload {
        case varint(UInt64)
        /// Four or eight bytes.
        case fixed([UInt8])
        case bytes([UInt8])
        case message(MessageTree)
    }

    struct Field {
        var number: UInt64
        var payload: Payload
    }

    var fields: [Field] = []

    /// - Returns: nil where the bytes are no such message.
    init?(_ bytes: ArraySlice<UInt8>, _ kind: Kind = .model) {
        var rest = bytes
        while !rest.isEmpty {
            guard let tag = Self.varint(&rest) else { return nil }
            let number = tag >> 3
            switch tag & 7 {
            case 0:
                guard let value = Self.varint(&rest) else { return nil }
                fields.append(Field(number: number, payload: .varint(value)))
            case 1, 5:
                let width = tag & 7 == 1 ? 8 : 4
                guard rest.count >= width else { return nil }
                fields.append(Field(number: number, payload: .fixed(Array(rest.prefix(width)))))
                rest = rest.dropFirst(width)
            case 2:
                guard let length = Self.varint(&rest), length <= rest.count else { return nil }
                let content = rest.prefix(Int(length))
                rest = rest.dropFirst(Int(length))
                if let inner = kind.inside(number) {
                    guard let message = MessageTree(content, inner) else { return nil }
                    fields.append(Field(number: number, payload: .message(message)))
                } else {
                    fields.append(Field(number: number, payload: .bytes(Array(content))))
                }
            default: return nil
            }
        }
    }

    var bytes: [UInt8] {
        var result: [UInt8] = []
        for field in fields {
            switch field.payload {
            case .varint(let value):
                result += Self.varint(field.number << 3) + Self.varint(value)
            case .fixed(let content):
                result += Self.varint(field.number << 3 | (content.count == 8 ? 1 : 5)) + content
            case .bytes(let content):
                result += Self.varint(field.number << 3 | 2) + Self.varint(UInt64(content.count)) + content
            case .message(let message):
                let content = message.bytes
                result += Self.varint(field.number << 3 | 2) + Self.varint(UInt64(content.count)) + content
            }
        }
        return result
    }

    private static func varint(_ rest: inout ArraySlice<UInt8>) -> UInt64? {
        var result: UInt64 = 0
        for shift in stride(from: UInt64(0), to: 70, by: 7) {
            guard let byte = rest.popFirst() else { return nil }
            result |= UInt64(byte & 127) << shift
            if byte < 128 { return result }
        }
        return nil
    }

    private static func varint(_ value: UInt64) -> [UInt8] {
        value < 128 ? [UInt8(value)] : [UInt8(value & 127) | 128] + varint(value >> 7)
    }

    /// Positions of the fields with one of these numbers.
    func indices(_ numbers: UInt64...) -> [Int] {
        fields.indices.filter { numbers.contains(fields[$0].number) }
    }

    /// Calls `change` with a random message at the end of a path of field numbers, if there is one.
    mutating func edit(
        _ path: [UInt64], _ random: inout RandomSource,
        _ change: (inout MessageTree, inout RandomSource) -> Void
    ) {
        guard let number = path.first else { return change(&self, &random) }
        let candidates = indices(number).filter {
            if case .message = fields[$0].payload { true } else { false }
        }
        guard let index = candidates.randomElement(using: &random),
            case .message(var message) = fields[index].payload
        else { return }
        message.edit(Array(path.dropFirst()), &random, change)
        fields[index].payload = .message(message)
    }

    /// All strings of the fields of these numbers in the messages at a path.
    func strings(_ path: [UInt64], _ numbers: [UInt64]) -> [[UInt8]] {
        guard let number = path.first else {
            return fields.compactMap { field in
                guard numbers.contains(field.number), case .bytes(let bytes) = field.payload else {
                    return nil
                }
                return bytes
            }
        }
        return fields.flatMap { field -> [[UInt8]] in
            guard field.number == number, case .message(let message) = field.payload else { return [] }
            return message.strings(Array(path.dropFirst()), numbers)
        }
    }
}
