import Foundation
import SemblanceCore

/// The text form of a gallery: JSON objects, one a line. The first says whose gallery it is, and each other one is a face.
enum GalleryText {
    struct Header: Codable {
        static let format = "semblance-gallery"

        var format = Self.format
        var version = Int(GallerySchema.version)
        var model: ModelIdentity
        var dimension: Int
    }

    struct Face: Codable {
        var person: String
        var photo: String
        var face: Int
        var box: FaceBox?
        var contentHash: String?
        /// Seconds since 1970.
        var added: Int
        /// Base64 of float32, little-endian: exact, and a third of the length of decimals.
        var vector: Data
    }

    static func line(_ value: some Encodable) throws(SemblanceError) -> String {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        do {
            return String(decoding: try encoder.encode(value), as: UTF8.self)
        } catch {
            throw SemblanceError(.internalFault, "a face cannot be encoded", cause: error)
        }
    }

    static func parse<Value: Decodable>(_ line: String, number: Int) throws(SemblanceError) -> Value {
        do {
            return try JSONDecoder().decode(Value.self, from: Data(line.utf8))
        } catch {
            throw SemblanceError(
                .invalidInput, "line \(number) of the import is not a line of a gallery's export",
                remedy: "nothing was imported; correct the line or leave it out", cause: error)
        }
    }
}

extension GalleryFile {
    /// Writes everything as text, a line at a time, as it is at one moment.
    /// - Parameter write: gets each line, without its end.
    public func export(_ write: (String) throws(SemblanceError) -> Void) throws(SemblanceError) {
        try database.transaction(writes: false) { () throws(SemblanceError) in
            try write(GalleryText.line(GalleryText.Header(model: model, dimension: dimension)))
            try database.forEachRow(Self.entrySQL + " ORDER BY face.id") { (row) throws(SemblanceError) in
                let face = try entry(row).face
                try write(
                    GalleryText.line(
                        GalleryText.Face(
                            person: face.person, photo: face.photo.path, face: face.photo.face,
                            box: face.photo.box,
                            contentHash: face.photo.contentHash, added: Int(face.added.timeIntervalSince1970),
                            vector: face.vector.withUnsafeBytes { Data($0) })))
            }
        }
    }

    /// Opens the gallery, or makes one for the export's model where there is none, and takes an export over in one transaction: all of it
    /// or nothing.
    /// - Parameter nextLine: gives the export's lines, and nil after the last.
    /// - Returns: how many faces are new, and which lines the gallery had already.
    /// - Throws: `invalidInput` naming the line that is wrong; `modelMismatch` for the export of another model.
    public static func importing(
        into path: String, patience: Double = 30, _ nextLine: () throws(SemblanceError) -> String?
    ) throws(SemblanceError) -> (gallery: GalleryFile, result: Enrollment) {
        guard let first = try nextLine() else {
            throw SemblanceError(.invalidInput, "the import is empty", remedy: "name a gallery's export")
        }
        let header: GalleryText.Header = try GalleryText.parse(first, number: 1)
        guard header.format == GalleryText.Header.format, header.version == GallerySchema.version else {
            throw SemblanceError(
                .invalidInput,
                "the import has the format \(header.format) \(header.version), not \(GalleryText.Header.format) \(GallerySchema.version)"
            )
        }
        let gallery = try GalleryFile(
            path: path, creatingFor: header.model, dimension: header.dimension, patience: patience)
        let result = try gallery.database.transaction { () throws(SemblanceError) in
            var result = Enrollment()
            var number = 1
            while let line = try nextLine() {
                number += 1
                if line.allSatisfy(\.isWhitespace) { continue }
                if try gallery.insert(gallery.face(of: line, number: number)) {
                    result.added += 1
                } else {
                    result.duplicates.append(number)
                }
            }
            return result
        }
        return (gallery, result)
    }

    private func face(of line: String, number: Int) throws(SemblanceError) -> EnrolledFace {
        let text: GalleryText.Face = try GalleryText.parse(line, number: number)
        guard text.vector.count % 4 == 0 else {
            throw SemblanceError(
                .invalidInput, "line \(number) of the import: its vector is not whole",
                remedy: "nothing was imported")
        }
        var vector = [Float](repeating: 0, count: text.vector.count / 4)
        _ = vector.withUnsafeMutableBytes { text.vector.copyBytes(to: $0, count: $0.count) }
        let face = EnrolledFace(
            person: text.person,
            photo: PhotoReference(
                path: text.photo, face: text.face, box: text.box, contentHash: text.contentHash),
            vector: vector, added: Date(timeIntervalSince1970: Double(text.added)))
        do {
            try face.check(dimension: dimension)
        } catch {
            throw SemblanceError(
                error.code, "line \(number) of the import: \(error.message)", remedy: error.remedy)
        }
        return face
    }
}
