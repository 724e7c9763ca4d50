import SemblanceCore

/// Known people by their embeddings, all of one model.
public struct Gallery: Sendable {
    /// One enrolled face.
    public struct Entry: Sendable {
        public var name: String
        /// Where the face came from.
        public var source: String
        public var embedding: Embedding
    }

    /// A person found, by the best of their enrolled faces.
    public struct Match: Sendable, Hashable, Codable {
        public var name: String
        /// The cosine, from -1 to 1.
        public var similarity: Float
        public var source: String
    }

    public let model: ModelIdentity
    public private(set) var entries: [Entry] = []

    public init(model: ModelIdentity) { self.model = model }

    /// How many different people are enrolled.
    public var peopleCount: Int { Set(entries.map(\.name)).count }

    /// - Throws: `modelMismatch` for an embedding of another model.
    public mutating func enroll(_ name: String, source: String, _ embedding: Embedding) throws(SemblanceError)
    {
        try check(embedding)
        entries.append(Entry(name: name, source: source, embedding: embedding))
    }

    /// The `count` most similar people, the most similar first.
    /// - Throws: `modelMismatch` for an embedding of another model.
    public func search(_ probe: Embedding, count: Int) throws(SemblanceError) -> [Match] {
        try check(probe)
        var best: [String: Match] = [:]
        for entry in entries {
            let similarity = try entry.embedding.similarity(to: probe)
            if let known = best[entry.name], known.similarity >= similarity { continue }
            best[entry.name] = Match(name: entry.name, similarity: similarity, source: entry.source)
        }
        // Ties by name, so that the order does not depend on hashing.
        let sorted = best.values.sorted { ($1.similarity, $0.name) < ($0.similarity, $1.name) }
        return Array(sorted.prefix(max(count, 0)))
    }

    private func check(_ embedding: Embedding) throws(SemblanceError) {
        guard embedding.model == model else {
            throw SemblanceError(
                .modelMismatch,
                "the gallery belongs to the model \(model) and the face was embedded by \(embedding.model)",
                remedy: "embed the gallery's photographs again with this model")
        }
    }
}
