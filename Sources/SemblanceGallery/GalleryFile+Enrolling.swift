import Foundation
import SemblanceCore

extension GalleryFile {
    /// Enrolls a batch of faces in one transaction: all of them, or none. A face that is there already is counted and left as it was.
    /// - Throws: `invalidInput` for a name or a dimension that does not fit, `numericalFailure` for vectors that are not finite and of length 1,
    ///   `outputUnwritable` for a full disk, a read-only folder, or a lock that another process holds for long.
    @discardableResult
    public func enroll(_ faces: [EnrolledFace]) throws(SemblanceError) -> Enrollment {
        for face in faces { try face.check(dimension: dimension) }
        return try database.transaction { () throws(SemblanceError) in
            var result = Enrollment()
            for (index, face) in faces.enumerated() {
                if try insert(face) { result.added += 1 } else { result.duplicates.append(index) }
            }
            return result
        }
    }

    /// Whether the face was not there yet.
    func insert(_ face: EnrolledFace) throws(SemblanceError) -> Bool {
        let photo = face.photo
        let hash = photo.contentHash.map(SQLValue.text) ?? .null
        let number = SQLValue.integer(Int64(photo.face))
        let person = try personKey(face.person)
        if let person {
            let known = try database.integer(
                """
                SELECT 1 FROM face WHERE person = ?1 AND number = ?2
                AND photo IN (SELECT id FROM photo WHERE path = ?3 UNION ALL SELECT id FROM photo WHERE hash = ?4)
                """, [.integer(person), number, .text(photo.path), hash])
            guard known == nil else { return false }
        }
        let owner: Int64
        if let person {
            owner = person
        } else {
            try database.run("INSERT INTO person (name) VALUES (?)", [.text(face.person)])
            owner = database.lastInserted
        }
        let photoKey: Int64
        if let known = try database.integer("SELECT id FROM photo WHERE path = ?", [.text(photo.path)]) {
            photoKey = known
            try database.run(
                "UPDATE photo SET hash = ? WHERE id = ? AND hash IS NULL", [hash, .integer(known)])
        } else {
            try database.run("INSERT INTO photo (path, hash) VALUES (?, ?)", [.text(photo.path), hash])
            photoKey = database.lastInserted
        }
        let box = photo.box.map { [$0.x, $0.y, $0.width, $0.height].map(SQLValue.real) }
        try database.run(
            """
            INSERT INTO face (person, photo, number, added, x, y, width, height, vector)
            VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)
            """,
            [
                .integer(owner), .integer(photoKey), number,
                .integer(Int64(face.added.timeIntervalSince1970)),
            ] + (box ?? [.null, .null, .null, .null]) + [.vector(face.vector)])
        return true
    }

    func personKey(_ name: String) throws(SemblanceError) -> Int64? {
        try database.integer("SELECT id FROM person WHERE name = ?", [.text(name)])
    }
}
