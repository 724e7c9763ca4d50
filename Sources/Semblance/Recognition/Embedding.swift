import SemblanceCore

/// A face as a unit vector. Only embeddings of one model can be compared.
public struct Embedding: Sendable, Hashable {
    /// Of length 1.
    public let values: [Float]
    public let model: ModelIdentity

    package init(values: [Float], model: ModelIdentity) {
        self.values = values
        self.model = model
    }

    /// The cosine of the angle to another face, from -1 to 1.
    /// - Throws: `modelMismatch` for an embedding of another model.
    public func similarity(to other: Embedding) throws(SemblanceError) -> Float {
        guard model == other.model else {
            throw SemblanceError(
                .modelMismatch, "an embedding of \(other.model) cannot be compared with one of \(model)",
                remedy: "embed both images with the same model")
        }
        return zip(values, other.values).reduce(0) { $0 + $1.0 * $1.1 }
    }
}
