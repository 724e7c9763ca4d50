import SemblanceCore

extension ONNXModel {
    /// The bytes of a model file with some entries of its metadata set. All else stays as it is to the byte, whatever the engine makes of
    /// it when it reads: weights keep their form, and operators their version.
    /// - Throws: `invalidModel` where the bytes are no ONNX file.
    package static func setting(_ metadata: [String: String], in bytes: [UInt8]) throws(SemblanceError)
        -> [UInt8]
    {
        var result: [UInt8] = []
        result.reserveCapacity(bytes.count + 4096)
        var reader = ProtobufReader(bytes[...])
        // Copied in one piece up to each entry that goes.
        var start = reader.position
        while !reader.isAtEnd {
            let fieldStart = reader.position
            guard let field = try reader.next() else { break }
            guard field.number == 14, try metadata[StringStringEntryProto(field.message()).key] != nil else {
                continue
            }
            result += bytes[start..<fieldStart]
            start = reader.position
        }
        result += bytes[start...]
        var entries = ProtobufWriter()
        for (key, value) in metadata.sorted(by: { $0.key < $1.key }) {
            entries.message(StringStringEntryProto(key: key, value: value).encoded, field: 14)
        }
        return result + entries.bytes
    }
}
