import CSQLite
import Glibc
import SemblanceCore

/// What SQLite says of the call that failed last on a connection.
struct SQLiteFailure {
    /// The extended result code.
    let code: Int32
    /// The system's error number underneath, or 0.
    let system: Int32
    let message: String

    init(_ handle: OpaquePointer) {
        code = sqlite3_extended_errcode(handle)
        var number = sqlite3_system_errno(handle)
        // A failed COMMIT leaves the number with the file only.
        if number == 0 && code & 0xFF == SQLITE_IOERR {
            sqlite3_file_control(handle, "main", SQLITE_FCNTL_LAST_ERRNO, &number)
        }
        system = number
        message = sqlite3_errmsg(handle).map { String(cString: $0) } ?? "an unknown failure"
    }

    /// - Parameter patience: how long the connection waits for others, in seconds.
    func error(_ path: String, writes: Bool, patience: Double) -> SemblanceError {
        let reason = system == 0 ? message : String(cString: strerror(system))
        let access: SemblanceError.Code = writes ? .outputUnwritable : .invalidInput
        if code & 0xFF == SQLITE_FULL || [ENOSPC, EDQUOT, EFBIG].contains(system) {
            return SemblanceError(
                .outputUnwritable,
                "\(path): there is no space left to write to (\(reason)); the gallery is as it was before",
                remedy: "free some space on its disk")
        }
        switch code & 0xFF {
        case SQLITE_NOTADB:
            return SemblanceError(
                .invalidInput, "\(path) is not a gallery: it is not an SQLite file", remedy: "check the path")
        case SQLITE_CORRUPT:
            return .damaged(path, reason)
        case SQLITE_BUSY, SQLITE_LOCKED:
            return SemblanceError(
                access, "\(path): another process has had it locked for \(patience) seconds",
                remedy: "try again when that is done")
        case SQLITE_READONLY, SQLITE_PERM:
            return SemblanceError(
                .outputUnwritable, "\(path): the gallery or its folder cannot be written to (\(message))",
                remedy: "check the permissions of the file and of its folder, or copy it elsewhere")
        case SQLITE_CANTOPEN:
            // SQLite opens its journal beside the file, and says no more than that it could not.
            return SemblanceError(
                access, "cannot open \(path): \(reason)",
                remedy: writes
                    ? "choose a folder that is there and can be written to"
                    : "check the path and its permissions")
        case SQLITE_NOMEM:
            return SemblanceError(.outOfMemory, "\(path): the host has no memory left")
        case SQLITE_TOOBIG:
            return SemblanceError(.invalidInput, "\(path): a text or vector is too large for a gallery")
        default:
            return SemblanceError(access, "\(path): \(message) (SQLite \(code), \(reason))")
        }
    }
}

extension SemblanceError {
    static func damaged(_ path: String, _ reason: String) -> SemblanceError {
        SemblanceError(
            .invalidInput, "the gallery \(path) is damaged or cut short: \(reason)",
            remedy: "restore a copy, or enroll the photographs again")
    }
}
