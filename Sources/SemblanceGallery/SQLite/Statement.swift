import CSQLite
import SemblanceCore

/// What may stand in a parameter or a column.
enum SQLValue {
    case null
    case integer(Int64)
    case real(Double)
    case text(String)
    /// Of float32, little-endian.
    case vector([Float])
}

/// A prepared statement of a `Database`, which keeps it for the next time.
final class Statement {
    private let raw: OpaquePointer
    private unowned let database: Database

    init(_ raw: OpaquePointer, of database: Database) {
        self.raw = raw
        self.database = database
    }

    deinit { sqlite3_finalize(raw) }

    /// Binds the parameters, in order, and starts from the beginning.
    func bind(_ values: [SQLValue]) throws(SemblanceError) {
        // Tells SQLite to copy at once; the constant's own macro does not reach Swift.
        let copies = unsafeBitCast(-1, to: sqlite3_destructor_type.self)
        sqlite3_reset(raw)
        for (place, value) in zip(Int32(1)..., values) {
            let code: Int32 =
                switch value {
                case .null: sqlite3_bind_null(raw, place)
                case .integer(let value): sqlite3_bind_int64(raw, place, value)
                case .real(let value): sqlite3_bind_double(raw, place, value)
                case .text(var value):
                    value.withUTF8 { text in
                        text.withMemoryRebound(to: CChar.self) {
                            sqlite3_bind_text(raw, place, $0.baseAddress, Int32(clamping: $0.count), copies)
                        }
                    }
                case .vector(let value):
                    value.withUnsafeBytes {
                        sqlite3_bind_blob(raw, place, $0.baseAddress, Int32(clamping: $0.count), copies)
                    }
                }
            guard code == SQLITE_OK else { throw database.failure() }
        }
    }

    /// Whether there is another row.
    func step() throws(SemblanceError) -> Bool {
        switch sqlite3_step(raw) {
        case SQLITE_ROW: return true
        case SQLITE_DONE: return false
        default: throw database.failure()
        }
    }

    /// Ends a reading early, or after its last row: an unfinished one keeps others from writing.
    func reset() { sqlite3_reset(raw) }

    // MARK: Columns of the row, from 0; valid up to the next step

    func isNull(_ column: Int32) -> Bool { sqlite3_column_type(raw, column) == SQLITE_NULL }
    func integer(_ column: Int32) -> Int64 { sqlite3_column_int64(raw, column) }
    func real(_ column: Int32) -> Double { sqlite3_column_double(raw, column) }

    func text(_ column: Int32) -> String {
        guard let start = sqlite3_column_text(raw, column) else { return "" }
        let count = Int(sqlite3_column_bytes(raw, column))
        return String(decoding: UnsafeBufferPointer(start: start, count: count), as: UTF8.self)
    }

    func optionalText(_ column: Int32) -> String? { isNull(column) ? nil : text(column) }

    func bytes(_ column: Int32) -> UnsafeRawBufferPointer {
        UnsafeRawBufferPointer(
            start: sqlite3_column_blob(raw, column), count: Int(sqlite3_column_bytes(raw, column)))
    }
}
