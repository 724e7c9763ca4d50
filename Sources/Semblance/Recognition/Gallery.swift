import SemblanceCore
import SemblanceGallery

/// Known people, all of one model: held in memory, or in a gallery file and searched where they lie. Search is exact: every face is
/// compared.
public struct Gallery {
    /// A person found, by the best of their enrolled faces.
    public struct Match: Sendable, Hashable, Codable {
        public var name: String
        /// The cosine, from -1 to 1.
        public var similarity: Float
        /// The photograph of that face.
        public var source: String
    }

    public let model: ModelIdentity
    /// One of the two; neither in an empty gallery.
    private var memory: FacesInMemory?
    private let file: GalleryFile?

    /// An empty gallery in memory.
    public init(model: ModelIdentity) {
        self.model = model
        file = nil
    }

    /// The people of a file.
    public init(file: GalleryFile) {
        model = file.model
        self.file = file
    }

    private var faces: (any FaceCollection)? { file ?? memory }

    /// How many different people are enrolled.
    public var peopleCount: Int {
        get throws(SemblanceError) { try file?.personCount ?? memory?.names.count ?? 0 }
    }

    public var faceCount: Int {
        get throws(SemblanceError) { try file?.faceCount ?? memory?.count ?? 0 }
    }

    /// Everybody's name, sorted.
    public var names: [String] {
        get throws(SemblanceError) { try file?.people().map(\.name) ?? memory?.names.sorted() ?? [] }
    }

    /// Enrolls one face. For many faces of a file, `GalleryFile.enroll` takes a batch in one transaction.
    /// - Throws: `modelMismatch` for an embedding of another model, and what `GalleryFile.enroll` throws.
    public mutating func enroll(_ name: String, source: String, _ embedding: Embedding) throws(SemblanceError)
    {
        try check(embedding)
        let face = EnrolledFace(
            person: name, photo: PhotoReference(path: source), vector: embedding.values)
        if let file {
            try file.enroll([face])
        } else {
            if memory == nil { memory = FacesInMemory(dimension: embedding.values.count) }
            try memory?.append(face)
        }
    }

    /// The `count` most similar people to each probe, the most similar first; of equals, the one whose face was enrolled first. The gallery is
    /// read once, tile by tile, so that its size does not matter to memory.
    /// - Throws: `modelMismatch` for an embedding of another model, and what reading the file throws.
    public func search(_ probes: [Embedding], count: Int) throws(SemblanceError) -> [[Match]] {
        for probe in probes { try check(probe) }
        var best = [[Int64: (similarity: Float, face: Int64)]](repeating: [:], count: probes.count)
        guard let collection = faces else { return probes.map { _ in [] } }
        try collection.readTiles(of: 1024) { (tile) throws(SemblanceError) in
            for (index, probe) in probes.enumerated() {
                for row in 0..<tile.count {
                    var similarity: Float = 0
                    for column in 0..<tile.dimension {
                        similarity += tile.vectors[row * tile.dimension + column] * probe.values[column]
                    }
                    if let known = best[index][tile.people[row]], known.similarity >= similarity { continue }
                    best[index][tile.people[row]] = (similarity, tile.faces[row])
                }
            }
        }
        var matches: [[Match]] = []
        for candidates in best {
            let order = candidates.values.sorted { ($1.similarity, $0.face) < ($0.similarity, $1.face) }
            var list: [Match] = []
            for candidate in order.prefix(max(count, 0)) {
                guard let source = try collection.source(of: candidate.face) else { continue }
                list.append(
                    Match(name: source.person, similarity: candidate.similarity, source: source.photo.path))
            }
            matches.append(list)
        }
        return matches
    }

    private func check(_ embedding: Embedding) throws(SemblanceError) {
        guard embedding.model == model else {
            throw .galleryMismatch("the gallery", of: model, with: embedding.model)
        }
    }
}

extension EnrolledFace {
    /// A face to enroll; whoever enrolls it sees to it that the gallery is of the embedding's model.
    public init(person: String, photo: PhotoReference, embedding: Embedding) {
        self.init(person: person, photo: photo, vector: embedding.values)
    }
}
