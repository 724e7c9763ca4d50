import Foundation

/// Builds ONNX files byte by byte, valid or not, without the engine's own writer.
struct Message {
    var bytes: [UInt8] = []

    private static func varint(_ value: UInt64) -> [UInt8] {
        value < 128 ? [UInt8(value)] : [UInt8(value & 127) | 128] + varint(value >> 7)
    }

    func integer(_ field: UInt64, _ value: Int) -> Message {
        Message(bytes: bytes + Self.varint(field << 3) + Self.varint(UInt64(bitPattern: Int64(value))))
    }

    func float(_ field: UInt64, _ value: Float) -> Message {
        Message(bytes: bytes + Self.varint(field << 3 | 5) + withUnsafeBytes(of: value) { [UInt8]($0) })
    }

    func data(_ field: UInt64, _ value: [UInt8]) -> Message {
        Message(bytes: bytes + Self.varint(field << 3 | 2) + Self.varint(UInt64(value.count)) + value)
    }

    func text(_ field: UInt64, _ value: String) -> Message { data(field, Array(value.utf8)) }
    func message(_ field: UInt64, _ value: Message) -> Message { data(field, value.bytes) }
    func messages(_ field: UInt64, _ values: [Message]) -> Message {
        values.reduce(self) { $0.message(field, $1) }
    }
}

/// A graph to be spoilt: x [N,2,4,4] -> Conv with w [3,2,1,1] -> Relu -> y.
struct HandmadeModel {
    var nodes = [
        node("Conv", ["x", "w"], "c"),
        node("Relu", ["c"], "y"),
    ]
    var tensors = [tensor("w", [3, 2, 1, 1])]
    var inputs = [value("x", [nil, 2, 4, 4])]
    var outputs = [value("y", [nil, 3, 4, 4])]
    var opset = 17

    var bytes: [UInt8] {
        let graph = Message().messages(1, nodes).text(2, "g").messages(5, tensors).messages(11, inputs)
            .messages(12, outputs)
        return Message().integer(1, 8).message(7, graph).message(8, Message().integer(2, opset)).bytes
    }

    static func node(
        _ name: String, _ inputs: [String], _ output: String, _ attributes: [Message] = [],
        domain: String = ""
    )
        -> Message
    {
        let start = inputs.reduce(Message()) { $0.text(1, $1) }
        return start.text(2, output).text(3, "node of \(output)").text(4, name).messages(5, attributes).text(
            7, domain)
    }

    static func integers(_ name: String, _ values: [Int]) -> Message {
        values.reduce(Message().text(1, name).integer(20, 7)) { $0.integer(8, $1) }
    }

    static func integer(_ name: String, _ value: Int) -> Message {
        Message().text(1, name).integer(20, 2).integer(3, value)
    }

    static func float(_ name: String, _ value: Float) -> Message {
        Message().text(1, name).integer(20, 1).float(2, value)
    }

    /// Floats of 0.5, or as many bytes as asked for.
    static func tensor(_ name: String, _ dimensions: [Int], byteCount: Int? = nil, type: Int = 1) -> Message {
        let count = dimensions.reduce(1, *)
        let half = withUnsafeBytes(of: Float(0.5)) { [UInt8]($0) }
        let raw = byteCount.map { [UInt8](repeating: 0, count: $0) } ?? (0..<count).flatMap { _ in half }
        return dimensions.reduce(Message()) { $0.integer(1, $1) }.integer(2, type).text(8, name).data(9, raw)
    }

    static func tensor(_ name: String, integers: [Int]) -> Message {
        let raw = integers.flatMap { value in withUnsafeBytes(of: Int64(value)) { [UInt8]($0) } }
        return Message().integer(1, integers.count).integer(2, 7).text(8, name).data(9, raw)
    }

    static func value(_ name: String, _ dimensions: [Int?]) -> Message {
        let shape = Message().messages(
            1, dimensions.map { $0.map { Message().integer(1, $0) } ?? Message().text(2, "N") })
        let type = Message().message(1, Message().integer(1, 1).message(2, shape))
        return Message().text(1, name).message(2, type)
    }
}
