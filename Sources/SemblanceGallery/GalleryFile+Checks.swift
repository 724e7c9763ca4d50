import Foundation
import SemblanceCore

/// What a gallery file holds.
public struct GalleryStatistics: Sendable, Hashable, Codable {
    public var path: String
    public var model: ModelIdentity
    public var dimension: Int
    public var formatVersion: Int
    public var people: Int
    public var faces: Int
    public var photos: Int
    /// The largest number of faces of one person.
    public var mostFaces: Int
    public var bytes: Int
    /// Of the bytes, those that removed faces left free for new ones.
    public var freeBytes: Int
    /// When the first and the last face were added, in seconds since 1970; nil where there is none.
    public var oldest: Int?
    public var newest: Int?
}

extension GalleryFile {
    public var faceCount: Int {
        get throws(SemblanceError) { Int(try database.integer("SELECT count(*) FROM face") ?? 0) }
    }

    public var personCount: Int {
        get throws(SemblanceError) { Int(try database.integer("SELECT count(*) FROM person") ?? 0) }
    }

    public func statistics() throws(SemblanceError) -> GalleryStatistics {
        try database.transaction(writes: false) { () throws(SemblanceError) in
            func number(_ sql: String) throws(SemblanceError) -> Int { Int(try database.integer(sql) ?? 0) }
            let faces = try faceCount
            let pageSize = try number("PRAGMA page_size")
            return GalleryStatistics(
                path: path, model: model, dimension: dimension,
                formatVersion: try number("PRAGMA user_version"),
                people: try personCount, faces: faces, photos: try number("SELECT count(*) FROM photo"),
                mostFaces: try number(
                    "SELECT coalesce(max(faces), 0) FROM (SELECT count(*) AS faces FROM face GROUP BY person)"
                ),
                bytes: try number("PRAGMA page_count") * pageSize,
                freeBytes: try number("PRAGMA freelist_count") * pageSize,
                oldest: faces > 0 ? try number("SELECT min(added) FROM face") : nil,
                newest: faces > 0 ? try number("SELECT max(added) FROM face") : nil)
        }
    }

    /// What is wrong with the file, a line each; empty for a sound one. Reads all of it.
    public func problems() throws(SemblanceError) -> [String] {
        try database.transaction(writes: false) { () throws(SemblanceError) in
            var problems: [String] = []
            try database.forEachRow("PRAGMA integrity_check") { row in
                if row.text(0) != "ok" { problems.append(row.text(0)) }
            }
            try database.forEachRow("PRAGMA foreign_key_check") { row in
                problems.append("row \(row.integer(1)) of \(row.text(0)) refers to a missing \(row.text(2))")
            }
            try database.forEachRow(
                "SELECT name FROM person WHERE NOT EXISTS (SELECT 1 FROM face WHERE person = person.id)"
            ) { problems.append("\($0.text(0)) has no face") }
            try database.forEachRow(
                "SELECT path FROM photo WHERE NOT EXISTS (SELECT 1 FROM face WHERE photo = photo.id)"
            ) { problems.append("\($0.text(0)) shows nobody") }
            // A damaged index may not find what a table has; here the table itself is read.
            try database.forEachRow(Self.entrySQL + " ORDER BY face.id") { row in
                do throws(SemblanceError) {
                    try entry(row).face.check(dimension: dimension)
                } catch {
                    problems.append("face \(row.integer(0)): \(error.message)")
                }
            }
            return problems
        }
    }
}
