import SemblanceCore
import SemblanceImaging
import SemblanceTraining
import Synchronization

/// Turns images of faces into embeddings with one model on one device. Safe to share between threads; calls take turns.
public final class FaceRecognizer: Sendable {
    public let model: RecognitionModel
    public let device: SelectedDevice
    /// Images that the device works on at once.
    public let batch: Int
    private let faultPolicy: FaultPolicy
    private let embedder: Mutex<Embedder?>

    /// - Parameter batch: images worked on at once; fewer are padded, so take 1 for single images.
    /// - Throws: what preparing the model on the device throws.
    public init(
        model: RecognitionModel, device: SelectedDevice, batch: Int = 1, onFault: FaultPolicy = .fail
    ) throws(SemblanceError) {
        guard (1...4096).contains(batch) else {
            throw SemblanceError(.usage, "a batch of \(batch) images", remedy: "choose 1 to 4096")
        }
        self.model = model
        self.device = device
        self.batch = batch
        faultPolicy = onFault
        embedder = Mutex(nil)
        try embedder.withLock { (embedder) throws(SemblanceError) in embedder = try prepare() }
    }

    private func prepare() throws(SemblanceError) -> sending Embedder {
        try Embedder(model.network, format: model.description.input, on: device, batch: batch)
    }

    /// Embeds images, each of which is one face: resized to the network's input as a whole.
    /// - Throws: `deviceFault` and its like where the policy does not move to the CPU; `numericalFailure` for an embedding that is no
    ///   direction.
    public func embed(_ images: [Image]) throws(SemblanceError) -> [Embedding] {
        let vectors = try embedder.withLock { (embedder) throws(SemblanceError) in
            do throws(SemblanceError) {
                return try run(&embedder, images)
            } catch {
                guard faultPolicy == .moveToCPU, error.isOfDevice else { throw error }
                try device.fallBack(from: embedder?.device ?? device.device, because: error)
                embedder = nil
                return try run(&embedder, images)
            }
        }
        return vectors.map { Embedding(values: $0, model: model.identity) }
    }

    private func run(_ embedder: inout Embedder?, _ images: [Image]) throws(SemblanceError) -> [[Float]] {
        let ready: Embedder
        if let embedder { ready = embedder } else { ready = try prepare() }
        embedder = ready
        let format = model.description.input
        return try ready.embed(count: images.count) { (index, buffer) throws(SemblanceError) in
            images[index].write(into: buffer, format: format)
        }
    }
}
