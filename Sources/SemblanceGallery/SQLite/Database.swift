import CSQLite
import Glibc
import SemblanceCore

/// One connection to an SQLite file. It belongs to one thread at a time.
final class Database {
    let path: String
    let writes: Bool
    private let handle: OpaquePointer
    private var statements: [String: Statement] = [:]
    private let patience: Double

    /// - Parameters:
    ///   - writes: otherwise nothing is changed, except that what a killed writer left half-done is rolled back.
    ///   - creates: makes an empty file where there is none; it becomes a database with the first transaction.
    ///   - patience: seconds to wait for other processes.
    init(path: String, writes: Bool, creates: Bool, patience: Double) throws(SemblanceError) {
        guard !path.isEmpty, !path.utf8.contains(0) else {
            throw SemblanceError(
                .usage, "\"\(path)\" is no name for a gallery", remedy: "give the name of a file")
        }
        guard !isFolder(path) else {
            throw SemblanceError(
                .invalidInput, "\(path) is a folder, not a gallery file", remedy: "give the name of a file")
        }
        // SQLite would take a file that is shorter than its header for an empty one, and write over it.
        if let size = Self.size(of: path), (1..<100).contains(size) {
            throw SemblanceError(
                .invalidInput, "\(path) is not a gallery: it is not an SQLite file", remedy: "check the path")
        }
        self.path = path
        self.writes = writes
        self.patience = patience
        // SQLite has meanings of its own for names such as ":memory:".
        let name = path.hasPrefix("/") ? path : "./" + path
        // Falls to reading by itself where the file is write-protected.
        let access = SQLITE_OPEN_READWRITE | (creates ? SQLITE_OPEN_CREATE : 0)
        var handle: OpaquePointer?
        let code = sqlite3_open_v2(
            name, &handle, access | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE | SQLITE_OPEN_PRIVATECACHE,
            nil)
        guard let handle else {
            throw SemblanceError(.outOfMemory, "\(path): SQLite has no memory for a connection")
        }
        guard code == SQLITE_OK else {
            let error = SQLiteFailure(handle).error(path, writes: writes, patience: patience)
            sqlite3_close_v2(handle)
            throw error
        }
        self.handle = handle
        sqlite3_busy_timeout(handle, Int32(clamping: Int(patience * 1000)))
        _ = semblance_sqlite_defend(handle)
        // A file may come from anywhere: no function in its schema runs, and cells are checked before they are followed.
        try run("PRAGMA trusted_schema = OFF")
        try run("PRAGMA cell_size_check = ON")
        try run("PRAGMA foreign_keys = ON")
        if !writes {
            try run("PRAGMA query_only = ON")
        } else if sqlite3_db_readonly(handle, "main") == 1 {
            throw SemblanceError(
                .outputUnwritable, "\(path): the gallery cannot be written to",
                remedy: "check the permissions of the file and of its folder, or copy it elsewhere")
        }
    }

    deinit {
        statements = [:]
        sqlite3_close_v2(handle)
    }

    /// Bytes of the file; nil where there is none.
    var size: Int? { Self.size(of: path) }

    private static func size(of path: String) -> Int? {
        var status = stat()
        return stat(path, &status) == 0 ? Int(status.st_size) : nil
    }

    /// What just went wrong.
    func failure() -> SemblanceError {
        SQLiteFailure(handle).error(path, writes: writes, patience: patience)
    }

    /// A statement with its parameters, ready for its first row. One statement of a text is in use at a time.
    func statement(_ sql: String, _ values: [SQLValue] = []) throws(SemblanceError) -> Statement {
        let statement: Statement
        if let known = statements[sql] {
            statement = known
        } else {
            var raw: OpaquePointer?
            guard
                sqlite3_prepare_v3(handle, sql, -1, UInt32(SQLITE_PREPARE_PERSISTENT), &raw, nil)
                    == SQLITE_OK,
                let raw
            else { throw failure() }
            statement = Statement(raw, of: self)
            statements[sql] = statement
        }
        try statement.bind(values)
        return statement
    }

    /// Runs a statement that gives no rows, or whose rows do not matter.
    func run(_ sql: String, _ values: [SQLValue] = []) throws(SemblanceError) {
        let statement = try statement(sql, values)
        defer { statement.reset() }
        while try statement.step() {}
    }

    /// Calls `body` with each row.
    func forEachRow(
        _ sql: String, _ values: [SQLValue] = [], _ body: (Statement) throws(SemblanceError) -> Void
    ) throws(SemblanceError) {
        let statement = try statement(sql, values)
        defer { statement.reset() }
        while try statement.step() { try body(statement) }
    }

    /// The first column of the first row.
    func integer(_ sql: String, _ values: [SQLValue] = []) throws(SemblanceError) -> Int64? {
        let statement = try statement(sql, values)
        defer { statement.reset() }
        return try statement.step() ? statement.integer(0) : nil
    }

    /// The key of the row that was inserted last.
    var lastInserted: Int64 { sqlite3_last_insert_rowid(handle) }
    /// The rows that the last statement changed.
    var changes: Int { Int(sqlite3_changes64(handle)) }

    /// Runs `body` as one transaction, which is on the disk when this returns and leaves no trace when it throws. A writer takes its
    /// lock at the start, so that two of them wait for each other instead of failing half-way.
    func transaction<Result>(writes: Bool = true, _ body: () throws(SemblanceError) -> Result)
        throws(SemblanceError) -> Result
    {
        try run(writes ? "BEGIN IMMEDIATE" : "BEGIN")
        do throws(SemblanceError) {
            let result = try body()
            try run("COMMIT")
            return result
        } catch {
            // Some failures have rolled back already.
            if sqlite3_get_autocommit(handle) == 0 { try? run("ROLLBACK") }
            throw error
        }
    }
}
