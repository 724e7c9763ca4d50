import SemblanceCore
import SemblanceImaging
import SemblanceTraining

/// Turns faces into embeddings with one model on one device. Safe to share between threads; calls take turns.
public final class FaceRecognizer: Sendable {
    public let model: RecognitionModel
    public let device: SelectedDevice
    /// Faces that the device works on at once.
    public let batch: Int
    /// The length of an embedding.
    public let dimension: Int
    private let embedder: Recoverable<Embedder>

    /// - Parameter batch: faces worked on at once; fewer are padded, so take 1 for single ones.
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
        embedder = try Recoverable(on: device, policy: onFault) { (device) throws(SemblanceError) in
            try Embedder(model.network, format: model.description.input, on: device, batch: batch)
        }
        dimension = try embedder.use { (embedder) throws(SemblanceError) in embedder.dimension }
    }

    /// Embeds images, each of which is one face: resized to the network's input as a whole.
    /// - Throws: `deviceFault` and its like where the policy does not move to the CPU; `numericalFailure` for an embedding that is no
    ///   direction.
    public func embed(_ images: [Image]) throws(SemblanceError) -> [Embedding] {
        try embed(views: images.map { ImageView($0.face(for: model.description.input)) })
    }

    /// Embeds faces found in images, each turned and scaled as the model's alignment says.
    /// - Throws: as `embed`; `usage` for a model that knows no alignment.
    public func embed(faces: [(image: Image, face: DetectedFace)]) throws(SemblanceError) -> [Embedding] {
        guard let alignment = model.description.alignment else {
            throw SemblanceError(
                .usage, "the model \(model.identity) was trained on whole images and knows no alignment",
                remedy: "give it face crops instead of photographs")
        }
        return try embed(
            views: faces.map { (face) throws(SemblanceError) in
                ImageView(face.image, try alignment.transform(of: face.face.landmarks))
            })
    }

    private func embed(views: [ImageView]) throws(SemblanceError) -> [Embedding] {
        let vectors = try embedder.use { (embedder) throws(SemblanceError) in try embedder.embed(views) }
        return vectors.map { Embedding(values: $0, model: model.identity) }
    }
}
