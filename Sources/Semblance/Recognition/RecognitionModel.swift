import Foundation
import SemblanceCore
import SemblanceONNX
import SemblanceTraining

/// A threshold on the word of others.
public struct PublishedThreshold: Sendable, Hashable, Codable {
    /// The cosine from which two faces count as one person's.
    public var cosine: Float
    public var source: String
}

/// What a model file says besides its network: all that recognition needs.
public struct ModelDescription: Sendable, Hashable, Codable {
    /// How a model came to be. No times: the same training gives the same file.
    public struct TrainingSummary: Sendable, Hashable, Codable {
        public var people: Int
        public var images: Int
        public var epochs: Int
        public var steps: Int
        public var seed: UInt64
        public var loss: String
        public var device: String

        public init(
            people: Int, images: Int, epochs: Int, steps: Int, seed: UInt64, loss: String, device: String
        ) {
            self.people = people
            self.images = images
            self.epochs = epochs
            self.steps = steps
            self.seed = seed
            self.loss = loss
            self.device = device
        }
    }

    public var input: InputFormat
    /// How faces are brought into the input; nil for a model that was trained on whole images.
    public var alignment: Alignment?
    public var calibration: Calibration
    /// Where the model's authors name a threshold: what holds until the model is calibrated.
    public var published: PublishedThreshold?
    public var training: TrainingSummary?
    /// For a model that computes on bytes.
    public var quantisation: QuantisationSummary?

    public init(
        input: InputFormat, alignment: Alignment? = nil, calibration: Calibration,
        training: TrainingSummary? = nil
    ) {
        self.input = input
        self.alignment = alignment
        self.calibration = calibration
        self.training = training
    }
}

/// A network that turns faces into embeddings, with its description: what a model file holds.
public struct RecognitionModel: Sendable {
    /// With all of its parameters, neither folded nor fused.
    public let network: Network
    public var description: ModelDescription
    public let identity: ModelIdentity

    public init(network: Network, description: ModelDescription) {
        self.init(network: network, description: description, identity: ModelIdentity(of: network))
    }

    private init(network: Network, description: ModelDescription, identity: ModelIdentity) {
        self.network = network
        self.description = description
        self.identity = identity
    }

    public var architecture: String { network.name }
    public var parameterCount: Int { network.parameterCount }

    /// Keys of the ONNX file's metadata.
    private enum Key {
        static let description = "semblance.description"
        static let architecture = "semblance.architecture"
        static let fingerprint = "semblance.fingerprint"
    }

    /// The network of a model file of any kind.
    package static func network(path: String) throws(SemblanceError) -> Network {
        network(of: try ONNXModel.read(path: path))
    }

    private static func network(of model: ONNXModel) -> Network {
        var network = model.network
        if let architecture = model.metadata[Key.architecture] { network.name = architecture }
        return network
    }

    /// Reads an ONNX file. What is assumed about one that was not written here, `ForeignModel` says.
    /// - Throws: `invalidInput` or `invalidModel` naming the file.
    public init(path: String) throws(SemblanceError) {
        let model = try ONNXModel.read(path: path)
        var network = Self.network(of: model)
        guard let text = model.metadata[Key.description] else {
            let description = try ForeignModel.description(of: network, path: path)
            // Converters leave names that say nothing.
            if ForeignModel.isSFace(network) { network.name = "sface" }
            self.init(
                network: network, description: description,
                identity: ModelIdentity(architecture: network.name, fingerprint: model.identity.fingerprint))
            return
        }
        let description: ModelDescription
        do {
            description = try JSONDecoder().decode(ModelDescription.self, from: Data(text.utf8))
        } catch {
            throw SemblanceError(
                .invalidModel, "\(path): its description cannot be read",
                remedy: "write the model again with this version", cause: error)
        }
        // A calibrated copy of a model is still that model, and keeps its galleries.
        let identity = model.metadata[Key.fingerprint].map {
            ModelIdentity(architecture: network.name, fingerprint: $0)
        }
        self.init(
            network: network, description: description, identity: identity ?? ModelIdentity(of: network))
    }

    /// Writes an ONNX file, atomically.
    /// - Throws: `outputUnwritable` naming the file.
    public func write(to path: String) throws(SemblanceError) {
        try ONNXModel(network: network, metadata: metadata(path)).write(to: path)
    }

    /// Writes the file that the model was read from with the present description and with all else as it is, atomically. So a
    /// model of another program keeps its weights' form and its identity.
    /// - Throws: `outputUnwritable` naming the file; `invalidModel` where its weights lie in files beside `source` and would not
    ///   be found from `path`.
    public func write(from source: String, to path: String) throws(SemblanceError) {
        let bytes = try ONNXModel.setting(try metadata(path), in: try readFile(source))
        let folder = splitPath(path).folder
        if folder != splitPath(source).folder {
            do throws(SemblanceError) {
                _ = try ONNXModel.read(bytes: bytes, name: path, folder: folder)
            } catch {
                throw SemblanceError(
                    .invalidModel, "\(path) would not find what lies beside \(source)",
                    remedy: "write it to the same folder", cause: error)
            }
        }
        try writeAtomically(bytes, to: path)
    }

    /// - Parameter path: what a message calls the file.
    private func metadata(_ path: String) throws(SemblanceError) -> [String: String] {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys]
        guard let data = try? encoder.encode(description) else {
            throw SemblanceError(.internalFault, "\(path): the model's description cannot be encoded")
        }
        return [
            Key.description: String(decoding: data, as: UTF8.self), Key.architecture: network.name,
            Key.fingerprint: identity.fingerprint,
        ]
    }
}
