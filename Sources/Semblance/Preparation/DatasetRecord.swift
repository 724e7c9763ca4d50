import Foundation
import SemblanceCore

/// The file in a prepared data set that says what became of every photograph: lines of JSON, the settings first. Lines are appended
/// while the work goes on, so that a run that was killed loses only the photographs in hand; of several lines on one photograph
/// the last counts.
package final class DatasetRecord {
    package static let fileName = "semblance-dataset.jsonl"

    fileprivate struct Header: Codable {
        var semblanceDataset = 1
        var settings: DatasetSettings
    }

    package let path: String
    package let settings: DatasetSettings
    /// By source.
    package private(set) var photos: [String: PreparedPhoto] = [:]
    /// nil once the record is finished.
    private var lock: FolderLock?
    private let handle: FileHandle

    /// Goes on with the record of a folder, or begins one.
    /// - Throws: `usage` for a record of other settings, `invalidInput` for a file that is none, `outputUnwritable`.
    package init(folder: String, settings: DatasetSettings) throws(SemblanceError) {
        path = folder + "/" + Self.fileName
        self.settings = settings
        lock = try FolderLock(folder)
        if FileManager.default.fileExists(atPath: path) {
            let bytes = try readFile(path)
            // A run that was killed may have left a part of a line.
            let end = bytes.lastIndex(of: UInt8(ascii: "\n")).map { $0 + 1 } ?? 0
            let lines = bytes[..<end].split(separator: UInt8(ascii: "\n"))
            try Self.header(lines.first, path).check(settings, path)
            let decoder = JSONDecoder()
            for line in lines.dropFirst() {
                // A damaged line's photograph is done again.
                guard let photo = try? decoder.decode(PreparedPhoto.self, from: Data(line)) else { continue }
                photos[photo.source] = photo
            }
            handle = try Self.open(path, length: end)
        } else {
            guard try listFolder(folder).isEmpty else {
                throw SemblanceError(
                    .usage, "\(folder) is not empty, and no data set of semblance's",
                    remedy: "name a new or an empty folder: files in it might be replaced")
            }
            let header = try Self.line(Header(settings: settings), path)
            try writeAtomically(Array(header), to: path)
            handle = try Self.open(path, length: header.count)
        }
    }

    deinit { try? handle.close() }

    /// Adds lines, or replaces what is known of the same photographs.
    package func add(_ photos: [PreparedPhoto]) throws(SemblanceError) {
        var data = Data()
        for photo in photos {
            data += try Self.line(photo, path)
            self.photos[photo.source] = photo
        }
        do { try handle.write(contentsOf: data) } catch { throw Self.unwritable(path, error) }
    }

    /// Writes the record anew with these photographs alone, in order: the last thing to do with it.
    package func finish(with photos: [PreparedPhoto]) throws(SemblanceError) {
        var data = try Self.line(Header(settings: settings), path)
        for photo in photos { data += try Self.line(photo, path) }
        try writeAtomically(Array(data), to: path)
        lock = nil
    }

    /// The settings of a folder that was prepared; nil where it has no record.
    /// - Throws: `invalidInput` for a record that cannot be read.
    package static func settings(of folder: String) throws(SemblanceError) -> DatasetSettings? {
        let path = folder + "/" + fileName
        guard let handle = FileHandle(forReadingAtPath: path) else { return nil }
        defer { try? handle.close() }
        let start = (try? handle.read(upToCount: 1 << 16)) ?? Data()
        let header = try header(Array(start).split(separator: UInt8(ascii: "\n")).first, path)
        return header.settings
    }

    private static func header(_ line: ArraySlice<UInt8>?, _ path: String) throws(SemblanceError) -> Header {
        guard let line, let header = try? JSONDecoder().decode(Header.self, from: Data(line)),
            header.semblanceDataset == 1
        else {
            throw SemblanceError(
                .invalidInput, "\(path) is no record of a data set that this version knows",
                remedy: "prepare the photographs into another folder")
        }
        return header
    }

    private static func line(_ value: some Encodable, _ path: String) throws(SemblanceError) -> Data {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        guard let data = try? encoder.encode(value) else {
            throw SemblanceError(.internalFault, "\(path): an entry cannot be encoded")
        }
        return data + [UInt8(ascii: "\n")]
    }

    private static func open(_ path: String, length: Int) throws(SemblanceError) -> FileHandle {
        guard let handle = FileHandle(forWritingAtPath: path) else {
            throw unwritable(path, errno)
        }
        do {
            try handle.truncate(atOffset: UInt64(length))
            try handle.seekToEnd()
        } catch {
            throw unwritable(path, error)
        }
        return handle
    }

    private static func unwritable(_ path: String, _ number: Int32) -> SemblanceError {
        SemblanceError(
            .outputUnwritable, "\(path): the record cannot be written: \(String(cString: strerror(number)))",
            remedy: "check the folder and the free space; a second run goes on from here")
    }

    private static func unwritable(_ path: String, _ error: any Error) -> SemblanceError {
        SemblanceError(
            .outputUnwritable, "\(path): the record cannot be written",
            remedy: "check the folder and the free space; a second run goes on from here", cause: error)
    }
}

extension DatasetRecord.Header {
    fileprivate func check(_ current: DatasetSettings, _ path: String) throws(SemblanceError) {
        guard settings != current else { return }
        throw SemblanceError(
            .usage,
            "\(path) is of another run; what differs: "
                + current.differences(from: settings).joined(separator: ", "),
            remedy: "prepare with the same settings, or into another folder")
    }
}

/// Keeps a second process out of a folder.
private final class FolderLock {
    private let descriptor: Int32

    init(_ folder: String) throws(SemblanceError) {
        let descriptor = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        // Where the file system knows no locks, there is none.
        if descriptor >= 0, flock(descriptor, LOCK_EX | LOCK_NB) != 0, errno == EWOULDBLOCK {
            close(descriptor)
            throw SemblanceError(
                .outputUnwritable, "\(folder): another semblance prepare is at work there",
                remedy: "wait until it has finished")
        }
        self.descriptor = descriptor
    }

    deinit { if descriptor >= 0 { close(descriptor) } }
}
