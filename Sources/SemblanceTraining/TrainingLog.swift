import Foundation
import SemblanceCore

extension TrainingEvent: Encodable {
    private enum Key: String, CodingKey { case event, path, step }

    /// One flat object: the event's name and its figures.
    public func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: Key.self)
        switch self {
        case .started(let start):
            try container.encode("started", forKey: .event)
            try start.encode(to: encoder)
        case .step(let record):
            try container.encode("step", forKey: .event)
            try record.encode(to: encoder)
        case .epoch(let record):
            try container.encode("epoch", forKey: .event)
            try record.encode(to: encoder)
        case .checkpointSaved(let path, let step):
            try container.encode("checkpoint", forKey: .event)
            try container.encode(path, forKey: .path)
            try container.encode(step, forKey: .step)
        case .imageSkipped(let image):
            try container.encode("skipped", forKey: .event)
            try image.encode(to: encoder)
        case .finished(let end):
            try container.encode("finished", forKey: .event)
            try end.encode(to: encoder)
        }
    }

    /// The event as one line of JSON, without a line break.
    public var json: String {
        let encoder = JSONEncoder.semblance
        encoder.keyEncodingStrategy = .convertToSnakeCase
        guard let data = try? encoder.encode(self) else { return "{}" }
        return String(decoding: data, as: UTF8.self)
    }
}

/// A file with one line of JSON for each event.
final class TrainingLog {
    private let path: String
    private let handle: FileHandle

    /// - Parameter appends: a resumed run adds to the file, a new one starts it afresh.
    init(path: String, appends: Bool) throws(SemblanceError) {
        self.path = path
        if !appends || !FileManager.default.fileExists(atPath: path) {
            _ = FileManager.default.createFile(atPath: path, contents: nil)
        }
        guard let handle = FileHandle(forWritingAtPath: path) else { throw Self.unwritable(path, errno) }
        self.handle = handle
        do { try handle.seekToEnd() } catch { throw Self.unwritable(path, errno) }
    }

    deinit { try? handle.close() }

    func write(_ event: TrainingEvent) throws(SemblanceError) {
        do {
            try handle.write(contentsOf: Data((event.json + "\n").utf8))
        } catch {
            throw Self.unwritable(path, errno)
        }
    }

    private static func unwritable(_ path: String, _ number: Int32) -> SemblanceError {
        SemblanceError(
            .outputUnwritable, "\(path): the log cannot be written: \(String(cString: strerror(number)))",
            remedy: "check the folder and the free space")
    }
}
