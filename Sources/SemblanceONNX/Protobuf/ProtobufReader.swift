import SemblanceCore

/// Walks through the fields of one protobuf message (wire format of protobuf 2 and 3) without copying what it passes over.
/// It never calls itself: messages inside are byte ranges that their readers go through in turn.
struct ProtobufReader {
    /// One field as it is on the wire.
    struct Field {
        enum Payload {
            case varint(UInt64)
            case fixed64(UInt64)
            /// A string, bytes, a message or packed numbers: a view of the file.
            case bytes(ArraySlice<UInt8>)
            case fixed32(UInt32)
        }

        var number: Int
        var payload: Payload
    }

    private let bytes: ArraySlice<UInt8>
    /// Where the next field starts, as an index of the bytes.
    private(set) var position: Int

    init(_ bytes: ArraySlice<UInt8>) {
        self.bytes = bytes
        position = bytes.startIndex
    }

    /// The next field, or nil at the message's end.
    /// - Throws: `invalidModel` where the bytes are no protobuf or end too early.
    mutating func next() throws(SemblanceError) -> Field? {
        guard position < bytes.endIndex else { return nil }
        let tag = try varint()
        let number = tag >> 3
        guard (1...0x1FFF_FFFF).contains(number) else { throw damaged("a field has the number \(number)") }
        let payload: Field.Payload
        switch tag & 7 {
        case 0: payload = .varint(try varint())
        case 1: payload = .fixed64(UInt64(littleEndianBytes: try take(8)))
        case 2: payload = .bytes(try take(try varint()))
        case 5: payload = .fixed32(UInt32(truncatingIfNeeded: UInt64(littleEndianBytes: try take(4))))
        default: throw damaged("field \(number) has the wire type \(tag & 7)")
        }
        return Field(number: Int(number), payload: payload)
    }

    var isAtEnd: Bool { position == bytes.endIndex }

    mutating func varint() throws(SemblanceError) -> UInt64 {
        var result: UInt64 = 0
        for shift in stride(from: UInt64(0), to: 70, by: 7) {
            guard position < bytes.endIndex else { throw damaged("a number is cut short") }
            let byte = bytes[position]
            position += 1
            result |= UInt64(byte & 0x7F) << shift
            if byte < 0x80 { return result }
        }
        throw damaged("a number is longer than 10 bytes")
    }

    mutating func take(_ count: UInt64) throws(SemblanceError) -> ArraySlice<UInt8> {
        guard count <= UInt64(bytes.endIndex - position) else {
            throw damaged("a field of \(count) bytes reaches beyond the end")
        }
        let start = position
        position += Int(count)
        return bytes[start..<position]
    }

    private func damaged(_ reason: String) -> SemblanceError {
        SemblanceError(
            .invalidModel, "not a valid ONNX file: at byte \(position), \(reason)",
            remedy: "the file is damaged, cut short or no ONNX model: copy, download or export it again")
    }
}

extension UInt64 {
    init(littleEndianBytes bytes: ArraySlice<UInt8>) {
        self = bytes.reversed().reduce(0) { $0 << 8 | UInt64($1) }
    }
}

extension ProtobufReader.Field {
    private func wrongType(_ expected: String) -> SemblanceError {
        SemblanceError(
            .invalidModel, "not a valid ONNX file: field \(number) is not \(expected)",
            remedy: "the file is damaged or no ONNX model: copy, download or export it again")
    }

    func bytes() throws(SemblanceError) -> ArraySlice<UInt8> {
        guard case .bytes(let bytes) = payload else { throw wrongType("a message, string or bytes") }
        return bytes
    }

    func message() throws(SemblanceError) -> ProtobufReader { ProtobufReader(try bytes()) }

    func string() throws(SemblanceError) -> String {
        guard let string = String(validating: try bytes(), as: UTF8.self) else {
            throw wrongType("UTF-8 text")
        }
        return string
    }

    func integer() throws(SemblanceError) -> Int {
        guard case .varint(let value) = payload else { throw wrongType("an integer") }
        return Int(truncatingIfNeeded: value)
    }

    func float() throws(SemblanceError) -> Float {
        guard case .fixed32(let bits) = payload else { throw wrongType("a float") }
        return Float(bitPattern: bits)
    }

    /// Appends a repeated integer, packed or alone.
    func append(to integers: inout [Int]) throws(SemblanceError) {
        guard case .bytes = payload else { return integers.append(try integer()) }
        var reader = try message()
        while !reader.isAtEnd { integers.append(Int(truncatingIfNeeded: try reader.varint())) }
    }

    /// Appends repeated floats, packed or alone.
    func append(to floats: inout [Float]) throws(SemblanceError) {
        guard case .bytes(let bytes) = payload else { return floats.append(try float()) }
        guard let values = [Float](littleEndianBytes: bytes) else { throw wrongType("a list of floats") }
        floats += values
    }

    /// Appends repeated doubles, packed or alone, as floats.
    func appendDoubles(to floats: inout [Float]) throws(SemblanceError) {
        switch payload {
        case .fixed64(let bits): floats.append(Float(Double(bitPattern: bits)))
        case .bytes(let bytes):
            guard let bits = [UInt64](littleEndianBytes: bytes) else { throw wrongType("a list of doubles") }
            floats += bits.map { Float(Double(bitPattern: $0)) }
        default: throw wrongType("a double")
        }
    }
}

extension Array where Element: BitwiseCopyable {
    /// Little-endian numbers from bytes, or nil where the last is incomplete. All platforms of the engine are little-endian.
    init?(littleEndianBytes bytes: ArraySlice<UInt8>) {
        guard bytes.count % MemoryLayout<Element>.stride == 0 else { return nil }
        let count = bytes.count / MemoryLayout<Element>.stride
        self.init(unsafeUninitializedCapacity: count) { buffer, initialised in
            bytes.withUnsafeBytes { UnsafeMutableRawBufferPointer(buffer).copyMemory(from: $0) }
            initialised = count
        }
    }
}
