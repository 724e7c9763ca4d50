import Foundation
import SemblanceCore

/// Everything that a run needs to go on as if it had never stopped. The random numbers of a step come from the seed and the step's
/// number, so these two are the random state.
///
/// The file: "SMBLCKPT", version and header length (UInt32 each), the header as JSON, floats (little endian), and CRC-32 of all before.
public struct Checkpoint: Sendable {
    /// The part that is readable without the weights.
    public struct Header: Sendable, Codable {
        public var options: TrainingOptions
        public var network: NetworkIdentity
        public var format: InputFormat
        public var dataset: FaceFolder.Fingerprint
        /// Steps done.
        public var step: Int
        public var history: [EpochRecord]
        public var device: String
        /// nil where the loss was not scaled.
        public package(set) var lossScale: LossScale?
        var entries: [Entry]
        var counts: Counts
    }

    /// What says that weights belong to a network.
    public struct NetworkIdentity: Sendable, Codable, Hashable {
        public var name: String
        public var inputShape: [Int]
        public var embedding: Int
    }

    struct Entry: Sendable, Codable, Hashable {
        var name: String
        var shape: [Int]
        var offset: Int
    }

    struct Counts: Sendable, Codable, Hashable {
        var parameters: Int
        var statistics: Int
        var moments: Int
    }

    public var header: Header
    package var parameters: [Float]
    package var statistics: [Float]
    package var moments: [[Float]]

    private static let magic = Array("SMBLCKPT".utf8)
    private static let version: UInt32 = 1

    // MARK: - Writing

    /// Writes the file so that a reader, or a power cut, sees the old file or the new one, never a part.
    /// - Throws: `outputUnwritable`.
    public func write(to path: String) throws(SemblanceError) {
        try writeAtomically(try encoded(), to: path)
    }

    package func encoded() throws(SemblanceError) -> [UInt8] {
        let text: Data
        do {
            text = try JSONEncoder.semblance.encode(header)
        } catch {
            throw SemblanceError(.internalFault, "a checkpoint's header cannot be encoded", cause: error)
        }
        let floats = [parameters, statistics] + moments
        var data = Self.magic
        data.reserveCapacity(text.count + 4 * floats.reduce(0) { $0 + $1.count } + 20)
        for number in [Self.version, UInt32(text.count)] {
            withUnsafeBytes(of: number.littleEndian) { data.append(contentsOf: $0) }
        }
        data.append(contentsOf: text)
        for values in floats {
            values.withUnsafeBytes { data.append(contentsOf: $0) }
        }
        var checksum = Checksum()
        data.withUnsafeBytes { checksum.update($0) }
        withUnsafeBytes(of: checksum.value.littleEndian) { data.append(contentsOf: $0) }
        return data
    }

    // MARK: - Reading

    /// - Throws: `invalidInput` for a file that is missing, no checkpoint, of another version, cut short or damaged.
    public init(path: String) throws(SemblanceError) {
        try self.init(Data(try readFile(path)), name: path)
    }

    init(_ data: Data, name: String) throws(SemblanceError) {
        func refuse(_ reason: String, _ remedy: String = "use another checkpoint, or train anew")
            -> SemblanceError
        {
            SemblanceError(.invalidInput, "\(name): \(reason)", remedy: remedy)
        }
        guard data.count >= 20, data.prefix(8).elementsEqual(Self.magic) else {
            throw refuse("this is no checkpoint of Semblance")
        }
        func number(at offset: Int) -> UInt32 {
            data.withUnsafeBytes {
                UInt32(littleEndian: $0.loadUnaligned(fromByteOffset: offset, as: UInt32.self))
            }
        }
        let version = number(at: 8)
        guard version == Self.version else {
            throw refuse(
                "a checkpoint of version \(version)", "read it with the version of Semblance that wrote it")
        }
        var checksum = Checksum()
        data.withUnsafeBytes { checksum.update(UnsafeRawBufferPointer(rebasing: $0[..<(data.count - 4)])) }
        guard checksum.value == number(at: data.count - 4) else {
            throw refuse("the checkpoint is damaged or cut short (its checksum is wrong)")
        }
        let start = 16 + Int(number(at: 12))
        guard start <= data.count - 4 else { throw refuse("the checkpoint's header is cut short") }
        do {
            header = try JSONDecoder.semblance.decode(Header.self, from: data[16..<start])
        } catch {
            throw refuse("the checkpoint's header does not say what it should (\(error))")
        }
        let counts = header.counts
        let sizes =
            [counts.parameters, counts.statistics]
            + Array(repeating: counts.parameters, count: min(max(counts.moments, 0), 2))
        let room = (data.count - 4 - start) / 4
        guard sizes.allSatisfy({ $0 >= 0 && $0 <= room }), start + 4 * sizes.reduce(0, +) == data.count - 4
        else {
            throw refuse("the checkpoint's size does not fit its header")
        }
        var offset = start
        let blobs = sizes.map { count in
            let values = [Float](unsafeUninitializedCapacity: count) { buffer, initialised in
                data.withUnsafeBytes { bytes in
                    UnsafeMutableRawBufferPointer(buffer).copyMemory(
                        from: UnsafeRawBufferPointer(rebasing: bytes[offset..<offset + 4 * count]))
                }
                initialised = count
            }
            offset += 4 * count
            return values
        }
        parameters = blobs[0]
        statistics = blobs[1]
        moments = Array(blobs[2...])
    }

    init(header: Header, parameters: [Float], statistics: [Float], moments: [[Float]]) {
        self.header = header
        self.parameters = parameters
        self.statistics = statistics
        self.moments = moments
    }

    /// - Throws: `modelMismatch` with every difference, where a run with this header would not go on from the checkpoint.
    func check(against current: Header) throws(SemblanceError) {
        var reasons = current.options.differences(from: header.options)
        if header.dataset != current.dataset {
            reasons.append(
                "the data set (\(header.dataset.people) people with \(header.dataset.images) images in the checkpoint, "
                    + "\(current.dataset.people) with \(current.dataset.images) now, or other names)")
        }
        if header.network != current.network || header.entries != current.entries
            || header.counts != current.counts
        {
            reasons.append(
                "the network (\(header.network.name) \(Shape(header.network.inputShape)) in the checkpoint, "
                    + "\(current.network.name) \(Shape(current.network.inputShape)) now)")
        }
        if header.format != current.format { reasons.append("the input's format") }
        guard !reasons.isEmpty else { return }
        throw SemblanceError(
            .modelMismatch,
            "the checkpoint belongs to another run; what differs: " + reasons.joined(separator: ", "),
            remedy: "resume with the same data and options, or train anew")
    }
}

extension JSONEncoder {
    /// Sorted keys, and infinities as words.
    static var semblance: JSONEncoder {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        encoder.nonConformingFloatEncodingStrategy = .convertToString(
            positiveInfinity: "inf", negativeInfinity: "-inf", nan: "nan")
        return encoder
    }
}

extension JSONDecoder {
    static var semblance: JSONDecoder {
        let decoder = JSONDecoder()
        decoder.nonConformingFloatDecodingStrategy = .convertFromString(
            positiveInfinity: "inf", negativeInfinity: "-inf", nan: "nan")
        return decoder
    }
}
