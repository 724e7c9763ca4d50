import Foundation
import SemblanceCore

/// A file that is open for reading: a model, or weights beside it.
final class ModelFile {
    private let path: String
    private let descriptor: Int32
    let size: Int
    /// Bytes that it takes on the disk: a file of holes is larger than what it holds.
    let allocated: Int

    /// - Throws: `invalidInput` where it is missing, unreadable or no regular file.
    init(path: String) throws(SemblanceError) {
        // Without O_NONBLOCK, opening a pipe that nobody writes to would wait for ever.
        descriptor = path.utf8.contains(0) ? -1 : open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
        self.path = path
        var status = stat()
        guard descriptor >= 0, fstat(descriptor, &status) == 0 else {
            (size, allocated) = (0, 0)
            throw Self.failure(path, String(cString: strerror(errno)))
        }
        size = Int(status.st_size)
        allocated = min(size, Int(status.st_blocks) * 512)
        guard status.st_mode & S_IFMT == S_IFREG else { throw Self.failure(path, "it is no regular file") }
    }

    deinit { if descriptor >= 0 { close(descriptor) } }

    private static func failure(_ path: String, _ reason: String) -> SemblanceError {
        SemblanceError(
            .invalidInput, "cannot read \(path): \(reason)",
            remedy: "check the path and its permissions")
    }

    /// Copied, not mapped: a mapped file that another program cuts short ends the process. May be fewer than asked for then.
    /// - Precondition: the range lies within `size`.
    func bytes(_ range: Range<Int>) throws(SemblanceError) -> [UInt8] {
        var failure: Int32 = 0
        let bytes = [UInt8](unsafeUninitializedCapacity: range.count) { buffer, count in
            count = 0
            while count < range.count, let base = buffer.baseAddress {
                let got = pread(descriptor, base + count, range.count - count, range.lowerBound + count)
                if got < 0, errno == EINTR { continue }
                if got < 0 { failure = errno }
                guard got > 0 else { return }
                count += got
            }
        }
        guard failure == 0 else { throw Self.failure(path, String(cString: strerror(failure))) }
        return bytes
    }
}

/// The bytes of a model file, for a model that is read more than once.
/// - Throws: `invalidInput` where it is missing, unreadable or no regular file.
package func modelBytes(path: String) throws(SemblanceError) -> [UInt8] {
    let file = try ModelFile(path: path)
    return try file.bytes(0..<file.size)
}

/// The files beside a model that hold the weights of a large one (`model.onnx.data`).
struct ExternalData {
    /// The model's folder; nil for a model that came from memory.
    let folder: String?
    private var files: [String: ModelFile] = [:]

    init(folder: String?) { self.folder = folder }

    /// Whether a file has been opened.
    var isUsed: Bool { !files.isEmpty }

    /// Opens a file beside the model.
    /// - Returns: the file, and whether it was opened just now.
    /// - Throws: `invalidModel` for a place that is not in the model's folder.
    mutating func file(_ location: String) throws(SemblanceError) -> (ModelFile, isNew: Bool) {
        if let file = files[location] { return (file, false) }
        guard let folder else {
            throw SemblanceError(
                .unsupportedOperation,
                "weights are stored in the file \(location.quoted), and the model came from memory",
                remedy: "read the model from its file")
        }
        let parts = location.split(separator: "/", omittingEmptySubsequences: false)
        guard !location.utf8.contains(0), !parts.contains(where: { $0.isEmpty || $0 == "." || $0 == ".." })
        else {
            throw outside(location)
        }
        let path = folder + "/" + location
        // Links are followed, but not out of the folder.
        guard let real = realPath(path), let base = realPath(folder) else {
            throw SemblanceError(
                .invalidInput, "cannot read the weights \(path.quoted): \(String(cString: strerror(errno)))",
                remedy: "keep the file beside the model")
        }
        guard real.hasPrefix(base == "/" ? base : base + "/") else { throw outside(location) }
        let file = try ModelFile(path: real)
        files[location] = file
        return (file, true)
    }

    private func outside(_ location: String) -> SemblanceError {
        SemblanceError(
            .invalidModel, "weights are said to be in \(location.quoted), which is not in the model's folder",
            remedy: "keep the weights beside the model, or save it as one file")
    }

    private func realPath(_ path: String) -> String? {
        guard let resolved = realpath(path, nil) else { return nil }
        defer { free(resolved) }
        return String(cString: resolved)
    }
}

extension TensorProto {
    /// Where a tensor's bytes are in a file beside the model, and whether that file was opened just now.
    /// - Throws: `invalidModel` where the file does not hold as many bytes as the shape needs, at the place named.
    func part(of external: inout ExternalData) throws(SemblanceError) -> (
        file: ModelFile, range: Range<Int>, isNew: Bool
    ) {
        func setting(_ key: String) -> String? { externalData.last { $0.key == key }?.value }
        guard let location = setting("location") else {
            throw SemblanceError(.invalidModel, "the tensor \(name.quoted) is in a file without a name")
        }
        let (file, isNew) = try external.file(location)
        let offset = setting("offset").map { Int($0) ?? -1 } ?? 0
        guard let count = byteCount, (0...file.size).contains(offset), count <= file.size - offset,
            setting("length").map({ Int($0) == count }) ?? true
        else {
            throw SemblanceError(
                .invalidModel,
                "the tensor \(name.quoted) of shape \(Shape(dimensions)) is not in \(location.quoted) at \(offset)",
                remedy:
                    "the file is damaged, cut short or of another model: copy, download or export it again")
        }
        return (file, offset..<offset + count, isNew)
    }
}
