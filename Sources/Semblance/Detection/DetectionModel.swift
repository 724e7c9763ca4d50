import SemblanceCore
import SemblanceONNX

/// A face detector of YuNet's kind, read from an ONNX file. It serves images of any size: the size that the file fixes is only
/// the one that it was exported with.
public struct DetectionModel: Sendable {
    public let path: String
    public let identity: ModelIdentity
    private let bytes: [UInt8]

    /// - Throws: `invalidInput` or `invalidModel` naming the file, also for a model of another kind.
    public init(path: String) throws(SemblanceError) {
        self.path = path
        bytes = try modelBytes(path: path)
        // At the size of the file: another model need not take a different one.
        let network = try ONNXModel.read(bytes: bytes, name: path).network
        identity = ModelIdentity(architecture: "yunet", file: bytes)
        let missing = Self.outputNames.filter { !network.outputNames.contains($0) }
        guard missing.isEmpty else {
            let found = network.outputNames.prefix(12).joined(separator: ", ")
            throw SemblanceError(
                .invalidModel,
                "\(path) is no face detector of YuNet's kind: it has no output \(missing[0]), but \(found)",
                remedy: "give YuNet's ONNX file (make models fetches it); recognition models go to --model")
        }
    }

    /// `cls_8`, ... in the order of `YuNet.heads`, then of `YuNet.strides`.
    static let outputNames = YuNet.heads.flatMap { head in YuNet.strides.map { "\(head.0)_\($0)" } }

    /// The network for inputs of a size, whose sides are multiples of 32, with its outputs in the order of `outputNames`.
    func network(size: Extent) throws(SemblanceError) -> Network {
        var network = try Self.network(bytes, path: path, size: size)
        network.outputNames = Self.outputNames
        return network
    }

    private static func network(_ bytes: [UInt8], path: String, size: Extent) throws(SemblanceError)
        -> Network
    {
        try ONNXModel.read(bytes: bytes, name: path, inputShape: [3, size.height, size.width]).network
    }
}
