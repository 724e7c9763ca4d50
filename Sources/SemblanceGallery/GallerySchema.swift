import SemblanceCore

/// The layout of a gallery file, version 1.
///
/// A face is a row with its vector in it, in pages of 64 KiB. A search reads the table in the order of its key, which for a gallery that
/// only grew is the order in the file: large sequential reads, 31 vectors of 512 numbers a page and 1 % lost between them. (SQLite's usual page
/// of 4 KiB holds one such row and wastes half.) Blocks of many vectors in one value would read no faster, and would have every removal and every
/// small batch rewrite a block. Names and paths stand in tables of their own, so that a search does not read them.
/// A face's key is never given again (AUTOINCREMENT), since an index in memory may outlive the face.
///
/// A rollback journal rather than a log (WAL): faces are appended, and new pages need no journal, so each byte is written once rather than
/// twice; the gallery is one file that can be copied, and it can be searched in a folder that cannot be written to.
enum GallerySchema {
    /// "Smbl": what `file` and other programs know the format by.
    static let applicationID: Int64 = 0x536D_626C
    static let version: Int64 = 1

    private static let statements = [
        "CREATE TABLE model (architecture TEXT NOT NULL, fingerprint TEXT NOT NULL, dimension INTEGER NOT NULL) STRICT",
        "CREATE TABLE person (id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE) STRICT",
        "CREATE TABLE photo (id INTEGER PRIMARY KEY, path TEXT NOT NULL UNIQUE, hash TEXT) STRICT",
        "CREATE INDEX photo_by_hash ON photo (hash) WHERE hash IS NOT NULL",
        """
        CREATE TABLE face (id INTEGER PRIMARY KEY AUTOINCREMENT, person INTEGER NOT NULL REFERENCES person, \
        photo INTEGER NOT NULL REFERENCES photo, number INTEGER NOT NULL, added INTEGER NOT NULL, \
        x REAL, y REAL, width REAL, height REAL, vector BLOB NOT NULL, UNIQUE (person, photo, number)) STRICT
        """,
        "CREATE INDEX face_by_photo ON face (photo)",
    ]

    /// Makes an empty file a gallery; one that has a content is left as it is.
    static func create(in database: Database, model: ModelIdentity, dimension: Int) throws(SemblanceError) {
        // Counts only while the file is empty.
        try database.run("PRAGMA page_size = 65536")
        try database.run("PRAGMA synchronous = EXTRA")
        guard try isEmpty(database) else { return }
        try database.transaction { () throws(SemblanceError) in
            // Another process may have been faster.
            guard try isEmpty(database) else { return }
            for statement in statements { try database.run(statement) }
            try database.run(
                "INSERT INTO model VALUES (?, ?, ?)",
                [.text(model.architecture), .text(model.fingerprint), .integer(Int64(dimension))])
            try database.run("PRAGMA application_id = \(applicationID)")
            try database.run("PRAGMA user_version = \(version)")
        }
    }

    private static func isEmpty(_ database: Database) throws(SemblanceError) -> Bool {
        let owner = try database.integer("PRAGMA application_id")
        let tables = try database.integer("SELECT count(*) FROM sqlite_schema")
        return owner == 0 && tables == 0
    }

    /// Whose gallery it is, if it is one.
    static func check(_ database: Database) throws(SemblanceError) -> (model: ModelIdentity, dimension: Int) {
        let path = database.path
        return try database.transaction(writes: false) { () throws(SemblanceError) in
            guard try database.integer("PRAGMA application_id") == applicationID else {
                let isEmpty = try isEmpty(database)
                throw SemblanceError(
                    .invalidInput,
                    "\(path) is not a gallery: "
                        + (isEmpty ? "it is empty" : "it is another program's SQLite file"),
                    remedy: isEmpty ? "enroll somebody first" : "check the path")
            }
            let found = try database.integer("PRAGMA user_version") ?? 0
            guard found == version else {
                throw SemblanceError(
                    .invalidInput,
                    "\(path) is a gallery of format version \(found), and this program reads \(version)",
                    remedy: found > version ? "use a newer version of semblance" : nil)
            }
            // SQLite takes what is missing of the last page for zeros.
            let pages = try database.integer("PRAGMA page_count"),
                pageSize = try database.integer("PRAGMA page_size")
            guard let pages, let pageSize, let size = database.size, size >= pages * pageSize else {
                throw .damaged(path, "its last page is not whole")
            }
            // Whoever made the file: only our own tables are read, and nothing else hangs on them.
            var schema: Set<String> = []
            try database.forEachRow("SELECT sql FROM sqlite_schema WHERE sql IS NOT NULL") {
                schema.insert($0.text(0))
            }
            // SQLite's own, for the keys.
            schema.remove("CREATE TABLE sqlite_sequence(name,seq)")
            guard schema == Set(statements) else { throw .damaged(path, "its tables are not a gallery's") }
            var owner: (model: ModelIdentity, dimension: Int)?
            try database.forEachRow("SELECT architecture, fingerprint, dimension FROM model") { row in
                owner = (
                    ModelIdentity(architecture: row.text(0), fingerprint: row.text(1)), Int(row.integer(2))
                )
            }
            guard let owner, (1...GalleryFile.largestDimension).contains(owner.dimension) else {
                throw .damaged(path, "it does not say which model it belongs to")
            }
            return owner
        }
    }
}
