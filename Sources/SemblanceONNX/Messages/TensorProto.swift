import SemblanceCore

/// A constant tensor. Its elements stay in the file's bytes until `constant()` decodes them.
struct TensorProto {
    /// Element types that are read.
    enum DataType: Int {
        case float = 1
        case uint8 = 2
        case int8 = 3
        case uint16 = 4
        case int16 = 5
        case int32 = 6
        case int64 = 7
        case bool = 9
        case float16 = 10
        case double = 11
        case bfloat16 = 16
        case uint4 = 21
        case int4 = 22
    }

    var name = ""
    var dimensions: [Int] = []
    var dataType = 0
    var raw: ArraySlice<UInt8>?
    /// `float_data` or `double_data`.
    var floats: [Float] = []
    /// `int32_data` or `int64_data`.
    var integers: [Int] = []
    /// Whether the elements are in another file, and where: `location`, `offset` and `length`.
    var isExternal = false
    var externalData: [StringStringEntryProto] = []

    init(name: String, shape: Shape, values: [Float]) {
        self.name = name
        dimensions = shape.dimensions
        dataType = DataType.float.rawValue
        raw = values.withUnsafeBytes { ArraySlice([UInt8]($0)) }
    }

    init(name: String, integers: [Int]) {
        self.name = name
        dimensions = [integers.count]
        dataType = DataType.int64.rawValue
        raw = integers.map(Int64.init).withUnsafeBytes { ArraySlice([UInt8]($0)) }
    }

    /// - Parameter type: `uint8` or `int8`.
    init(name: String, shape: Shape, bytes: [UInt8], type: DataType) {
        self.name = name
        dimensions = shape.dimensions
        dataType = type.rawValue
        raw = bytes[...]
    }

    init(_ message: ProtobufReader) throws(SemblanceError) {
        var reader = message
        while let field = try reader.next() {
            switch field.number {
            case 1: try field.append(to: &dimensions)
            case 2: dataType = try field.integer()
            case 4: try field.append(to: &floats)
            case 5, 7: try field.append(to: &integers)
            case 8: name = try field.string()
            case 9: raw = try field.bytes()
            case 10: try field.appendDoubles(to: &floats)
            case 13: externalData.append(try StringStringEntryProto(field.message()))
            case 14: isExternal = try field.integer() == 1
            default: break
            }
        }
    }

    var encoded: ProtobufWriter {
        var writer = ProtobufWriter()
        for dimension in dimensions { writer.integer(dimension, field: 1) }
        writer.integer(dataType, field: 2)
        writer.string(name, field: 8)
        if let raw { writer.bytes([UInt8](raw), field: 9) }
        return writer
    }
}

extension TensorProto {
    /// The size of the elements in a file, or nil for types that are not read and impossible shapes.
    var byteCount: Int? {
        guard let bits = DataType(rawValue: dataType)?.bitCount, let count = Shape(dimensions).checkedCount,
            count <= Int.max / 128
        else { return nil }
        return (count * bits + 7) / 8
    }

    /// The decoded elements.
    /// - Throws: `invalidModel` where the number of elements is not the shape's, `unsupportedOperation` for element
    ///   types and storage that are not read.
    func constant() throws(SemblanceError) -> Constant {
        let label = "the tensor \(name.quoted)"
        guard let type = DataType(rawValue: dataType) else {
            throw SemblanceError(.unsupportedOperation, "\(label) has the element type \(dataType)")
        }
        let shape = Shape(dimensions)
        guard let count = shape.checkedCount else {
            throw SemblanceError(.invalidModel, "\(label) has the impossible shape \(shape)")
        }
        guard
            let elements = raw.map({ type.elements(of: $0, count: count) })
                ?? type.elements(of: self, count: count),
            elements.count == count
        else {
            throw SemblanceError(
                .invalidModel, "\(label) does not hold the \(count) elements of its shape \(shape)",
                remedy: "the file is damaged or cut short: copy, download or export it again")
        }
        return Constant(name: name, shape: shape, elements: elements)
    }
}

extension TensorProto.DataType {
    fileprivate var bitCount: Int {
        switch self {
        case .double, .int64: 64
        case .float, .int32: 32
        case .float16, .bfloat16, .int16, .uint16: 16
        case .int8, .uint8, .bool: 8
        case .int4, .uint4: 4
        }
    }

    /// Elements from little-endian bytes, or nil where the last is incomplete.
    /// - Parameter count: how many there should be; an odd number of 4-bit elements leaves half a byte.
    fileprivate func elements(of raw: ArraySlice<UInt8>, count: Int) -> Constant.Elements? {
        switch self {
        case .float: [Float](littleEndianBytes: raw).map { .floats($0) }
        case .double: [Double](littleEndianBytes: raw).map { .floats($0.map { Float($0) }) }
        case .float16: [UInt16](littleEndianBytes: raw).map { .floats($0.map { Float(half: $0) }) }
        case .bfloat16: [UInt16](littleEndianBytes: raw).map { .floats($0.map { Float(brain: $0) }) }
        case .int64: [Int64](littleEndianBytes: raw).map { .integers($0.map { Int($0) }) }
        case .int32: [Int32](littleEndianBytes: raw).map { .integers($0.map { Int($0) }) }
        case .int16: [Int16](littleEndianBytes: raw).map { .integers($0.map { Int($0) }) }
        case .uint16: [UInt16](littleEndianBytes: raw).map { .integers($0.map { Int($0) }) }
        case .int8: [Int8](littleEndianBytes: raw).map { .integers($0.map { Int($0) }) }
        case .uint8, .bool: .integers(raw.map { Int($0) })
        case .uint4: Self.nibbles(raw, count: count).map { .integers($0) }
        case .int4: Self.nibbles(raw, count: count).map { .integers($0.map { $0 < 8 ? $0 : $0 - 16 }) }
        }
    }

    /// Elements from the typed fields.
    fileprivate func elements(of tensor: TensorProto, count: Int) -> Constant.Elements? {
        switch self {
        case .float, .double: .floats(tensor.floats)
        // Halves are stored as the integers of their bits.
        case .float16: .floats(tensor.integers.map { Float(half: UInt16(truncatingIfNeeded: $0)) })
        case .bfloat16: .floats(tensor.integers.map { Float(brain: UInt16(truncatingIfNeeded: $0)) })
        case .int64, .int32, .int16, .uint16, .int8, .uint8, .bool: .integers(tensor.integers)
        // Two in each integer, as in a byte.
        case .uint4, .int4:
            elements(of: tensor.integers.map { UInt8(truncatingIfNeeded: $0) }[...], count: count)
        }
    }

    /// `count` 4-bit numbers, the lower half of each byte first, or nil where there are more or fewer bytes.
    private static func nibbles(_ raw: ArraySlice<UInt8>, count: Int) -> [Int]? {
        guard raw.count == count / 2 + count % 2 else { return nil }
        return Array(raw.lazy.flatMap { [Int($0 & 15), Int($0 >> 4)] }.prefix(count))
    }
}

extension Float {
    /// From the bits of an IEEE half.
    init(half bits: UInt16) {
        let sign = UInt32(bits & 0x8000) << 16
        let exponent = UInt32(bits >> 10 & 0x1F)
        let fraction = UInt32(bits & 0x3FF)
        switch exponent {
        case 0:
            let magnitude = Float(fraction) * 0x1p-24
            self = sign == 0 ? magnitude : -magnitude
        case 31: self = Float(bitPattern: sign | 0x7F80_0000 | fraction << 13)
        default: self = Float(bitPattern: sign | (exponent + 112) << 23 | fraction << 13)
        }
    }

    /// From the bits of a bfloat16.
    init(brain bits: UInt16) { self = Float(bitPattern: UInt32(bits) << 16) }
}

extension String {
    /// For messages: a name from a file may hold control characters or be endless.
    var quoted: String { String(reflecting: utf8.count > 80 ? String(prefix(80)) + "..." : self) }
}
