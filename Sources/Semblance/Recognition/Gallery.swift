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

    var faces: (any FaceCollection)? { file ?? memory }

    /// How many different people are enrolled.
    public var peopleCount: Int {
        get throws(SemblanceError) { try file?.personCount ?? memory?.names.count ?? 0 }
    }

    public var faceCount: Int {
        get throws(SemblanceError) { try file?.faceCount ?? memory?.faceCount ?? 0 }
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
    /// read once, tile by tile, so that its size does not matter to memory. For searches again and again, see `index`.
    /// - Throws: `modelMismatch` for an embedding of another model, and what reading the file or the device throws.
    public func search(_ probes: [Embedding], count: Int, on device: any Backend) throws(SemblanceError)
        -> [[Match]]
    {
        for probe in probes { try check(probe) }
        guard let faces else { return probes.map { _ in [] } }
        return try faces.atOneMoment { () throws(SemblanceError) in
            let hits = try FaceSearch.nearest(
                to: probes.map(\.values), among: faces, count: count, on: device)
            return try hits.map { (hits) throws(SemblanceError) in try faces.matches(hits) }
        }
    }

    /// As above, and once more on the CPU after a fault in mid-run, where the policy allows it.
    public func search(
        _ probes: [Embedding], count: Int, on device: SelectedDevice, onFault: FaultPolicy
    ) throws(SemblanceError) -> [[Match]] {
        try device.recovering(onFault) { () throws(SemblanceError) in
            try search(probes, count: count, on: device)
        }
    }

    /// The gallery as it is now, in the device's memory where it fits.
    /// - Parameters:
    ///   - batch: probes compared at once, 1 to 4096; fewer take as long.
    ///   - count: people to find for each probe, 1 or more.
    ///   - onFault: what happens when the device fails in mid-run.
    /// - Throws: what reading the file or preparing on the device throws.
    public func index(batch: Int, count: Int, on device: SelectedDevice, onFault: FaultPolicy = .fail)
        throws(SemblanceError) -> GalleryIndex
    {
        try GalleryIndex(self, batch: batch, count: count, on: device, onFault: onFault)
    }

    func check(_ embedding: Embedding) throws(SemblanceError) {
        guard model == embedding.model else {
            throw .galleryMismatch("the gallery", of: model, with: embedding.model)
        }
    }
}

extension FaceCollection {
    /// Whose faces were found, and where they were seen.
    func matches(_ hits: [FaceHit]) throws(SemblanceError) -> [Gallery.Match] {
        var matches: [Gallery.Match] = []
        for hit in hits {
            guard let source = try source(of: hit.face) else { continue }
            matches.append(
                Gallery.Match(name: source.person, similarity: hit.score, source: source.photo.path))
        }
        return matches
    }
}

extension EnrolledFace {
    /// A face to enroll; whoever enrolls it sees to it that the gallery is of the embedding's model.
    public init(person: String, photo: PhotoReference, embedding: Embedding) {
        self.init(person: person, photo: photo, vector: embedding.values)
    }
}
