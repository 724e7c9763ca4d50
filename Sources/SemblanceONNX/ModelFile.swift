import Foundation
import SemblanceCore

/// The bytes of a model file.
/// - Throws: `invalidInput` where it is missing, unreadable or no regular file.
func modelBytes(path: String) throws(SemblanceError) -> [UInt8] {
    func refuse(_ reason: String) -> SemblanceError {
        SemblanceError(
            .invalidInput, "cannot read the model \(path): \(reason)",
            remedy: "check the path and its permissions")
    }
    // Without O_NONBLOCK, opening a pipe that nobody writes to would wait for ever.
    let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
    guard descriptor >= 0 else { throw refuse(String(cString: strerror(errno))) }
    defer { close(descriptor) }
    var status = stat()
    guard fstat(descriptor, &status) == 0 else { throw refuse(String(cString: strerror(errno))) }
    guard status.st_mode & S_IFMT == S_IFREG else { throw refuse("it is no regular file") }

    var failure: Int32 = 0
    let size = Int(status.st_size)
    let bytes = [UInt8](unsafeUninitializedCapacity: size) { buffer, count in
        count = 0
        while count < size, let base = buffer.baseAddress {
            let got = Foundation.read(descriptor, base + count, size - count)
            if got < 0, errno == EINTR { continue }
            if got < 0 { failure = errno }
            guard got > 0 else { return }
            count += got
        }
    }
    guard failure == 0 else { throw refuse(String(cString: strerror(failure))) }
    return bytes
}
