import Foundation
import SemblanceCore
import SemblanceONNX
import SemblanceTraining

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
    public var calibration: Calibration
    public var training: TrainingSummary?

    public init(input: InputFormat, calibration: Calibration, training: TrainingSummary? = nil) {
        self.input = input
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
        self.network = network
        self.description = description
        identity = ModelIdentity(of: network)
    }

    public var architecture: String { network.name }
    public var parameterCount: Int { network.parameterCount }

    /// Keys of the ONNX file's metadata.
    private enum Key {
        static let description = "semblance.description"
        static let architecture = "semblance.architecture"
    }

    /// Reads an ONNX file. One that was not written here is taken to want RGB from -1 to 1, and is uncalibrated.
    /// - Throws: `invalidInput` or `invalidModel` naming the file.
    public init(path: String) throws(SemblanceError) {
        let model = try ONNXModel.read(path: path)
        var network = model.network
        if let architecture = model.metadata[Key.architecture] { network.name = architecture }
        if let text = model.metadata[Key.description] {
            do {
                let description = try JSONDecoder().decode(ModelDescription.self, from: Data(text.utf8))
                self.init(network: network, description: description)
            } catch {
                throw SemblanceError(
                    .invalidModel, "\(path): its description cannot be read",
                    remedy: "write the model again with this version", cause: error)
            }
        } else {
            let reason = "the file has no calibration: it was not written by semblance train"
            self.init(
                network: network,
                description: ModelDescription(
                    input: try InputFormat(trainingInputOf: network),
                    calibration: .uncalibrated(reason: reason)))
        }
    }

    /// Writes an ONNX file, atomically.
    /// - Throws: `outputUnwritable` naming the file.
    public func write(to path: String) throws(SemblanceError) {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys]
        guard let data = try? encoder.encode(description) else {
            throw SemblanceError(.internalFault, "\(path): the model's description cannot be encoded")
        }
        let metadata = [
            Key.description: String(decoding: data, as: UTF8.self), Key.architecture: network.name,
        ]
        try ONNXModel(network: network, metadata: metadata).write(to: path)
    }
}
