import Glibc

/// The whole content of a file (or of a pipe).
/// - Throws: `invalidInput` naming the file where it is missing, unreadable, a folder, or larger than `limit` bytes.
package func readFile(_ path: String, limit: Int = 4 << 30) throws(SemblanceError) -> [UInt8] {
    func failure(_ number: Int32) -> SemblanceError {
        let remedy: String? =
            switch number {
            case ENOENT, ENOTDIR: "check the path"
            case EACCES, EPERM: "check the file's permissions"
            case EISDIR: "give the name of a file, not of a folder"
            default: nil
            }
        return SemblanceError(
            .invalidInput, "cannot read \(path): \(String(cString: strerror(number)))", remedy: remedy)
    }

    guard !path.utf8.contains(0) else { throw failure(ENOENT) }
    let descriptor = open(path, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else { throw failure(errno) }
    defer { close(descriptor) }
    var status = stat()
    guard fstat(descriptor, &status) == 0 else { throw failure(errno) }
    guard status.st_mode & S_IFMT != S_IFDIR else { throw failure(EISDIR) }
    func checkSize(_ size: Int) throws(SemblanceError) {
        guard size <= limit else {
            throw SemblanceError(.invalidInput, "\(path) is larger than the limit of \(limit) bytes")
        }
    }
    try checkSize(Int(status.st_size))

    // One byte more than the size, so that the end of a regular file shows without a second allocation.
    var bytes = [UInt8](repeating: 0, count: max(Int(status.st_size) + 1, 4096))
    var count = 0
    while true {
        if count == bytes.count {
            try checkSize(count)
            bytes.append(contentsOf: repeatElement(0, count: count))
        }
        let received = bytes.withUnsafeMutableBytes { buffer in
            read(descriptor, buffer.baseAddress?.advanced(by: count), buffer.count - count)
        }
        if received == 0 { break }
        if received > 0 {
            count += received
        } else if errno != EINTR {
            throw failure(errno)
        }
    }
    try checkSize(count)
    bytes.removeLast(bytes.count - count)
    return bytes
}
