import Foundation
import SemblanceCore

/// Where an enrolled face was seen: enough to find it again and to enroll it with another model.
public struct PhotoReference: Sendable, Hashable {
    /// The photograph's file, as the caller names it; an absolute path serves from every folder.
    public var path: String
    /// Which of the photograph's faces, from 0.
    public var face: Int
    /// The face's place in the upright photograph.
    public var box: FaceBox?
    /// A hash of the file's content, in whatever form the caller has: a copy of the photograph under another name is then known.
    public var contentHash: String?

    public init(path: String, face: Int = 0, box: FaceBox? = nil, contentHash: String? = nil) {
        self.path = path
        self.face = face
        self.box = box
        self.contentHash = contentHash
    }
}

/// A face of a known person.
public struct EnrolledFace: Sendable, Hashable {
    public var person: String
    public var photo: PhotoReference
    /// Of length 1.
    public var vector: [Float]
    /// To the second.
    public var added: Date

    public init(person: String, photo: PhotoReference, vector: [Float], added: Date = Date()) {
        self.person = person
        self.photo = photo
        self.vector = vector
        self.added = added
    }

    /// - Throws: `invalidInput` or `numericalFailure` for what cannot be enrolled.
    func check(dimension: Int) throws(SemblanceError) {
        try Self.checkName(person)
        guard !photo.path.isEmpty, photo.face >= 0 else {
            throw SemblanceError(.invalidInput, "a face of \(person) has no photograph")
        }
        guard vector.count == dimension else {
            throw SemblanceError(
                .invalidInput,
                "\(photo.path): a vector of \(vector.count) numbers for a gallery of \(dimension)",
                remedy: "embed it with the gallery's model")
        }
        var squares = 0.0
        for value in vector { squares += Double(value) * Double(value) }
        // Not finite where a number is not. Searches compare cosines, which wants unit vectors.
        guard squares.isFinite, abs(squares - 1) < 1e-3 else {
            throw SemblanceError(
                .numericalFailure,
                squares.isFinite
                    ? "\(photo.path): the embedding has the length \(squares.squareRoot()), not 1"
                    : "\(photo.path): the embedding holds NaN or infinity",
                remedy: "check the photograph and the model")
        }
    }

    /// - Throws: `invalidInput` for a name that is empty, very long, or not one line of text.
    static func checkName(_ name: String) throws(SemblanceError) {
        guard !name.isEmpty, name.utf8.count <= 1024,
            !name.unicodeScalars.contains(where: { $0.properties.generalCategory == .control })
        else {
            throw SemblanceError(
                .invalidInput, "\"\(name.prefix(40))\" is no name for a person",
                remedy: "give one line of 1 to 1024 bytes")
        }
    }
}

/// What became of a batch of faces.
public struct Enrollment: Sendable, Hashable, Codable {
    /// Faces that are in the gallery now and were not before.
    public var added = 0
    /// The others, which the gallery had: the same person, the same face of the same photograph. As places in the batch, from 0; for an
    /// import as lines, from 1.
    public var duplicates: [Int] = []

    public init() {}
}
