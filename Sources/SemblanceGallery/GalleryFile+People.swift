import Foundation
import SemblanceCore

/// A person of a gallery.
public struct EnrolledPerson: Sendable, Hashable, Codable {
    public var name: String
    /// How many faces are enrolled.
    public var faces: Int
}

extension GalleryFile {
    /// A face with the key that names it in its gallery for as long as it is there.
    public struct Entry: Sendable, Hashable {
        public var id: Int64
        public var face: EnrolledFace
    }

    /// Everybody, by name.
    public func people() throws(SemblanceError) -> [EnrolledPerson] {
        var people: [EnrolledPerson] = []
        try database.forEachRow(
            """
            SELECT name, (SELECT count(*) FROM face WHERE face.person = person.id) FROM person ORDER BY name
            """
        ) { people.append(EnrolledPerson(name: $0.text(0), faces: Int($0.integer(1)))) }
        return people
    }

    /// A person's faces, in the order in which they were enrolled.
    /// - Throws: `invalidInput` for a person who is not enrolled.
    public func entries(of name: String) throws(SemblanceError) -> [Entry] {
        let person = try requirePerson(name)
        var entries: [Entry] = []
        try database.forEachRow(Self.entrySQL + " WHERE person = ? ORDER BY face.id", [.integer(person)]) {
            (row) throws(SemblanceError) in entries.append(try entry(row))
        }
        return entries
    }

    /// A face by its key.
    public func entry(id: Int64) throws(SemblanceError) -> Entry? {
        var found: Entry?
        try database.forEachRow(Self.entrySQL + " WHERE face.id = ?", [.integer(id)]) {
            (row) throws(SemblanceError) in found = try entry(row)
        }
        return found
    }

    static let entrySQL = """
        SELECT face.id, name, path, hash, number, added, x, y, width, height, vector
        FROM face JOIN person ON person.id = person JOIN photo ON photo.id = photo
        """

    func entry(_ row: Statement) throws(SemblanceError) -> Entry {
        var vector = [Float](repeating: 0, count: dimension)
        try vector.withUnsafeMutableBufferPointer { (buffer) throws(SemblanceError) in
            try copyVector(row.bytes(10), of: row.integer(0), to: buffer)
        }
        let box =
            row.isNull(6)
            ? nil
            : FaceBox(x: row.real(6), y: row.real(7), width: row.real(8), height: row.real(9))
        let photo = PhotoReference(
            path: row.text(2), face: Int(row.integer(4)), box: box, contentHash: row.optionalText(3))
        let added = Date(timeIntervalSince1970: Double(row.integer(5)))
        return Entry(
            id: row.integer(0),
            face: EnrolledFace(person: row.text(1), photo: photo, vector: vector, added: added))
    }

    /// - Throws: `invalidInput` for a vector of another length than the gallery's.
    func copyVector(
        _ bytes: UnsafeRawBufferPointer, of face: Int64, to target: UnsafeMutableBufferPointer<Float>
    ) throws(SemblanceError) {
        guard bytes.count == dimension * 4 else {
            throw .damaged(path, "face \(face) has a vector of \(bytes.count) bytes, not \(dimension * 4)")
        }
        UnsafeMutableRawBufferPointer(target).copyMemory(from: bytes)
    }

    private func requirePerson(_ name: String) throws(SemblanceError) -> Int64 {
        guard let key = try personKey(name) else {
            throw SemblanceError(
                .invalidInput, "nobody in the gallery \(path) is called \(name)",
                remedy: "semblance gallery list shows the names")
        }
        return key
    }

    // MARK: Changing

    /// Removes a person with all of their faces, and the references to photographs that show nobody else.
    /// - Returns: the number of faces removed.
    /// - Throws: `invalidInput` for a person who is not enrolled.
    @discardableResult
    public func remove(person name: String) throws(SemblanceError) -> Int {
        try database.transaction { () throws(SemblanceError) in
            let person = try requirePerson(name)
            var photos: [Int64] = []
            try database.forEachRow("DELETE FROM face WHERE person = ? RETURNING photo", [.integer(person)]) {
                photos.append($0.integer(0))
            }
            try database.run("DELETE FROM person WHERE id = ?", [.integer(person)])
            for photo in photos { try removeUnused(photo: photo) }
            return photos.count
        }
    }

    /// Removes one face; with the last one, its person.
    /// - Throws: `invalidInput` where there is no such face.
    public func remove(entry id: Int64) throws(SemblanceError) {
        try database.transaction { () throws(SemblanceError) in
            var removed: (person: Int64, photo: Int64)?
            try database.forEachRow("DELETE FROM face WHERE id = ? RETURNING person, photo", [.integer(id)]) {
                removed = ($0.integer(0), $0.integer(1))
            }
            guard let removed else {
                throw SemblanceError(
                    .invalidInput, "the gallery \(path) has no face \(id)",
                    remedy: "semblance gallery list shows the faces of a person")
            }
            try database.run(
                "DELETE FROM person WHERE id = ?1 AND NOT EXISTS (SELECT 1 FROM face WHERE person = ?1)",
                [.integer(removed.person)])
            try removeUnused(photo: removed.photo)
        }
    }

    private func removeUnused(photo: Int64) throws(SemblanceError) {
        try database.run(
            "DELETE FROM photo WHERE id = ?1 AND NOT EXISTS (SELECT 1 FROM face WHERE photo = ?1)",
            [.integer(photo)])
    }

    /// Gives a person another name.
    /// - Parameter merging: whether the faces may go to somebody who has that name already.
    /// - Returns: how many faces were dropped because the other had them too.
    /// - Throws: `invalidInput` for a person who is not enrolled, or for a name that is taken.
    @discardableResult
    public func rename(_ name: String, to newName: String, merging: Bool = false) throws(SemblanceError)
        -> Int
    {
        try EnrolledFace.checkName(newName)
        return try database.transaction { () throws(SemblanceError) in
            let person = try requirePerson(name)
            guard let other = try personKey(newName), other != person else {
                try database.run(
                    "UPDATE person SET name = ? WHERE id = ?", [.text(newName), .integer(person)])
                return 0
            }
            guard merging else {
                throw SemblanceError(
                    .invalidInput, "the gallery \(path) has a \(newName) already",
                    remedy: "ask for a merge if they are the same person")
            }
            let keys: [SQLValue] = [.integer(other), .integer(person)]
            try database.run("UPDATE OR IGNORE face SET person = ? WHERE person = ?", keys)
            try database.run("DELETE FROM face WHERE person = ?", [.integer(person)])
            let dropped = database.changes
            try database.run("DELETE FROM person WHERE id = ?", [.integer(person)])
            return dropped
        }
    }
}
