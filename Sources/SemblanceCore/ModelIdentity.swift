/// Which model an embedding, a gallery or a checkpoint belongs to: its architecture and a hash over all of its weights, or over the
/// file that it came from. Thresholds and other descriptions are no part of it.
public struct ModelIdentity: Sendable, Hashable, Codable, CustomStringConvertible {
    public var architecture: String
    /// 64 bits in hexadecimal.
    public var fingerprint: String

    /// The identity that a file holds, or of something that is no network.
    package init(architecture: String, fingerprint: String) {
        self.architecture = architecture
        self.fingerprint = fingerprint
    }

    /// Hashes names, shapes and weights of a network.
    package init(of network: Network) {
        architecture = network.name
        var hash = Fingerprint()
        hash.add(network.inputShape.description)
        for node in network.nodes { hash.add("\(node.op) \(node.inputs) \(node.output)") }
        for parameter in network.parameters {
            hash.add(parameter.name)
            parameter.tensor.values.withUnsafeBytes { hash.add($0) }
        }
        fingerprint = hash.text
    }

    /// Hashes a file: that stays the same whatever way later versions read it.
    package init(architecture: String, file bytes: [UInt8]) {
        self.architecture = architecture
        var hash = Fingerprint()
        bytes.withUnsafeBytes { hash.add($0) }
        fingerprint = hash.text
    }

    public var description: String { "\(architecture)-\(fingerprint)" }
}

/// FNV-1a over 64-bit words (Fowler, Noll and Vo), finished by a bijection that scatters: tells models apart, and is no
/// protection against somebody who forges one.
private struct Fingerprint {
    private var state: UInt64 = 0xCBF2_9CE4_8422_2325

    mutating func add(_ word: UInt64) {
        state = (state ^ word) &* 0x0000_0100_0000_01B3
        state ^= state >> 29
    }

    mutating func add(_ bytes: UnsafeRawBufferPointer) {
        var index = 0
        while index + 8 <= bytes.count {
            add(bytes.loadUnaligned(fromByteOffset: index, as: UInt64.self))
            index += 8
        }
        for rest in bytes[index...] { add(UInt64(rest)) }
        add(UInt64(bytes.count))
    }

    mutating func add(_ text: String) {
        var text = text
        text.withUTF8 { add(UnsafeRawBufferPointer($0)) }
    }

    var text: String {
        let digits = String(state, radix: 16)
        return String(repeating: "0", count: 16 - digits.count) + digits
    }
}
