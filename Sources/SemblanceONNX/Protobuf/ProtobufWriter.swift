import SemblanceCore

/// Builds one protobuf message as a list of chunks, so that large weights are not copied once more for each message around them.
struct ProtobufWriter {
    private(set) var chunks: [[UInt8]] = []
    private(set) var count = 0
    /// Small fields since the last chunk.
    private var tail: [UInt8] = []

    /// All bytes in one array.
    var bytes: [UInt8] {
        var result: [UInt8] = []
        result.reserveCapacity(count)
        for chunk in chunks { result += chunk }
        return result + tail
    }

    private mutating func append(varint value: UInt64) {
        var rest = value
        while rest >= 0x80 {
            append(byte: UInt8(truncatingIfNeeded: rest) | 0x80)
            rest >>= 7
        }
        append(byte: UInt8(rest))
    }

    private mutating func append(byte: UInt8) {
        tail.append(byte)
        count += 1
    }

    private mutating func append(tag field: Int, wireType: UInt64) {
        append(varint: UInt64(field) << 3 | wireType)
    }

    mutating func integer(_ value: Int, field: Int) {
        append(tag: field, wireType: 0)
        append(varint: UInt64(bitPattern: Int64(value)))
    }

    mutating func float(_ value: Float, field: Int) {
        append(tag: field, wireType: 5)
        for shift in stride(from: 0, to: 32, by: 8) {
            append(byte: UInt8(truncatingIfNeeded: value.bitPattern >> UInt32(shift)))
        }
    }

    mutating func string(_ value: String, field: Int) {
        append(tag: field, wireType: 2)
        append(varint: UInt64(value.utf8.count))
        tail += value.utf8
        count += value.utf8.count
    }

    /// Bytes that are kept as they are.
    mutating func bytes(_ value: [UInt8], field: Int) {
        append(tag: field, wireType: 2)
        append(varint: UInt64(value.count))
        flush()
        chunks.append(value)
        count += value.count
    }

    /// Integers, packed.
    mutating func integers(_ values: [Int], field: Int) {
        var packed = ProtobufWriter()
        for value in values { packed.append(varint: UInt64(bitPattern: Int64(value))) }
        message(packed, field: field)
    }

    mutating func message(_ message: ProtobufWriter, field: Int) {
        append(tag: field, wireType: 2)
        append(varint: UInt64(message.count))
        if message.chunks.isEmpty {
            tail += message.tail
        } else {
            flush()
            chunks += message.chunks
            tail = message.tail
        }
        count += message.count
    }

    private mutating func flush() {
        if !tail.isEmpty { chunks.append(tail) }
        tail = []
    }
}
