import SemblanceCore

/// A gallery in an SQLite file: people, their embeddings, and the photographs that these came from, all of one model.
///
/// What a call has written is on the disk when the call returns, and is there in full or not at all whatever happens to the process; other
/// processes may read and enroll at the same time. One instance belongs to one thread at a time.
public final class GalleryFile {
    public enum Access: Sendable {
        case reading, writing
    }

    public var path: String { database.path }
    /// The model that all embeddings come from.
    public let model: ModelIdentity
    /// Numbers of an embedding.
    public let dimension: Int
    let database: Database

    /// Opens a gallery that is there.
    /// - Parameter patience: seconds to wait where another process writes.
    /// - Throws: `invalidInput` for a file that is missing, damaged, no gallery or of a newer version; `outputUnwritable` where
    ///   it is to be written and cannot be.
    public convenience init(path: String, for access: Access = .writing, patience: Double = 30)
        throws(SemblanceError)
    {
        let database = try Database(
            path: path, writes: access == .writing, creates: false, patience: patience)
        try self.init(database)
    }

    /// Opens a gallery for writing, or makes one where there is none.
    /// - Throws: as `init(path:for:)`, and `modelMismatch` for the gallery of another model.
    public convenience init(
        path: String, creatingFor model: ModelIdentity, dimension: Int, patience: Double = 30
    ) throws(SemblanceError) {
        guard (1...Self.largestDimension).contains(dimension) else {
            throw SemblanceError(.usage, "embeddings of \(dimension) numbers cannot be kept in a gallery")
        }
        let database = try Database(path: path, writes: true, creates: true, patience: patience)
        try GallerySchema.create(in: database, model: model, dimension: dimension)
        try self.init(database)
        try require(model)
        guard self.dimension == dimension else {
            throw SemblanceError(
                .invalidInput, "\(path) holds vectors of \(self.dimension) numbers, not of \(dimension)",
                remedy: "choose another file")
        }
    }

    /// So that a row stays within a page of 64 KiB with room for its box.
    static let largestDimension = 16_000

    private init(_ database: Database) throws(SemblanceError) {
        self.database = database
        (model, dimension) = try GallerySchema.check(database)
        // EXTRA syncs the folder too once a journal is gone, so that even a power cut leaves what was acknowledged. What is
        // removed is overwritten: faces are personal data.
        try database.run("PRAGMA synchronous = EXTRA")
        try database.run("PRAGMA secure_delete = ON")
        try database.run("PRAGMA cache_size = -16384")
    }

    /// - Throws: `modelMismatch` for another model than the gallery's.
    public func require(_ model: ModelIdentity) throws(SemblanceError) {
        guard model == self.model else {
            throw .galleryMismatch("the gallery \(path)", of: self.model, with: model)
        }
    }
}

extension SemblanceError {
    /// A gallery cannot take or compare another model's embeddings.
    package static func galleryMismatch(_ gallery: String, of own: ModelIdentity, with other: ModelIdentity)
        -> SemblanceError
    {
        SemblanceError(
            .modelMismatch, "\(gallery) belongs to the model \(own), and the faces are embedded by \(other)",
            remedy:
                "use the gallery's model, or enroll its photographs again with this one (a gallery file holds their paths)"
        )
    }
}
