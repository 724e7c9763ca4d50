import SemblanceCore

/// A model file: a network and what recognition needs to know about it.
package struct ONNXModel: Sendable {
    package var network: Network
    /// The file's `metadata_props`.
    package var metadata: [String: String]
    /// Over the file, or over the network where weights lie in other files; for models that were read.
    package private(set) var identity: ModelIdentity
    /// The program that wrote the file, and its version.
    package var producer: (name: String, version: String)

    package init(network: Network, metadata: [String: String] = [:], producerVersion: String = "1") {
        self.network = network
        self.metadata = metadata
        identity = ModelIdentity(of: network)
        producer = ("semblance", producerVersion)
    }

    /// Reads a model file, and weights that it keeps in files beside it.
    /// - Parameter inputShape: [C, H, W] for a model that leaves its input size open, or another size than the file's.
    /// - Throws: `invalidInput` for a file that cannot be read, `invalidModel` for one that is no sound model,
    ///   `unsupportedOperation` for operators and forms of them that the engine lacks. The message names file and node.
    package static func read(path: String, inputShape: Shape? = nil) throws(SemblanceError) -> ONNXModel {
        let file = try ModelFile(path: path)
        let folder = path.lastIndex(of: "/").map { String(path[...$0]) } ?? "."
        return try read(
            bytes: try file.bytes(0..<file.size), name: path, inputShape: inputShape, folder: folder)
    }

    /// Reads a model from memory.
    /// - Parameters:
    ///   - name: what messages call it.
    ///   - folder: where files with its weights may lie; without one, all must be in `bytes`.
    package static func read(bytes: [UInt8], name: String, inputShape: Shape? = nil, folder: String? = nil)
        throws(SemblanceError) -> ONNXModel
    {
        do throws(SemblanceError) {
            guard !bytes.isEmpty else {
                throw SemblanceError(
                    .invalidModel, "the file is empty", remedy: "copy, download or export it again")
            }
            let model = try ModelProto(ProtobufReader(bytes[...]))
            guard let graph = model.graph else {
                throw SemblanceError(
                    .invalidModel, "the file holds no graph", remedy: "it is damaged or no ONNX model")
            }
            let opset = try model.opset()
            let reader = GraphReader(graph, opset: opset, fileSize: bytes.count, folder: folder)
            let network = try reader.read(inputShape: inputShape)
            var result = ONNXModel(network: network)
            if !reader.external.isUsed {
                result.identity = ModelIdentity(architecture: network.name, file: bytes)
            }
            result.producer = (model.producerName, model.producerVersion)
            for entry in model.metadata {
                guard result.metadata.updateValue(entry.value, forKey: entry.key) == nil else {
                    throw SemblanceError(.invalidModel, "the metadata \(entry.key.quoted) is given twice")
                }
            }
            return result
        } catch {
            throw SemblanceError(
                error.code, "\(name): \(error.message)", remedy: error.remedy, cause: error.cause)
        }
    }

    /// The file's bytes: ONNX IR version 8, opset 17, any batch size. The same model gives the same bytes.
    /// - Throws: `unsupportedOperation` for operations that no inference graph has, `invalidModel` for a network whose shapes
    ///   or names do not fit.
    package func serialised() throws(SemblanceError) -> [UInt8] {
        var model = ModelProto()
        model.irVersion = 8
        model.producerName = "semblance"
        model.producerVersion = producer.version
        model.opsets = [OperatorSetIdProto(version: GraphWriter.opset)]
        model.graph = try GraphWriter.graph(of: network)
        model.metadata = metadata.sorted { $0.key < $1.key }.map {
            StringStringEntryProto(key: $0.key, value: $0.value)
        }
        return model.encoded.bytes
    }

    /// Writes the model so that the file is either the old one or the whole new one.
    /// - Throws: as `serialised`, and `outputUnwritable`.
    package func write(to path: String) throws(SemblanceError) {
        try writeAtomically(try serialised(), to: path)
    }
}

extension ModelProto {
    /// The version of ONNX's own operators.
    fileprivate func opset() throws(SemblanceError) -> Int {
        guard let version = opsets.first(where: { $0.domain.isEmpty || $0.domain == "ai.onnx" })?.version
        else {
            throw SemblanceError(.invalidModel, "the file does not say which operator set it uses")
        }
        guard (7...25).contains(version) else {
            throw SemblanceError(
                .unsupportedOperation, "the file uses operator set \(version)",
                remedy: "export it with an operator set from 7 to 21 (onnx.version_converter can change it)")
        }
        return version
    }
}
