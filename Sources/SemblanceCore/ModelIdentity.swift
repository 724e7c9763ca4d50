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
