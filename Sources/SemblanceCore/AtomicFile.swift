import Glibc

/// Writes a file so that a reader sees the old content or the new one and never a part: write to a temporary in the same
/// folder, fsync, rename, fsync the folder. A link is followed; a device or pipe is written to directly.
/// - Throws: `outputUnwritable` naming the file; nothing is left behind and an old file keeps its content.
package func writeAtomically(_ bytes: UnsafeRawBufferPointer, to path: String) throws(SemblanceError) {
    func failure(_ number: Int32) -> SemblanceError { unwritable(path, number) }

    // A path with a zero byte would reach the system shortened; an empty one names nothing.
    guard !path.isEmpty, !path.utf8.contains(0) else { throw failure(ENOENT) }
    var target = path
    var mode: mode_t?
    var status = stat()
    if stat(path, &status) == 0 {
        switch status.st_mode & S_IFMT {
        case S_IFDIR: throw failure(EISDIR)
        case S_IFREG: mode = status.st_mode & 0o7777
        default:
            // Renaming over a device such as /dev/stdout would replace it.
            let descriptor = open(path, O_WRONLY | O_CLOEXEC)
            guard descriptor >= 0 else { throw failure(errno) }
            var problem = writeAll(bytes, to: descriptor)
            if close(descriptor) != 0 && problem == 0 { problem = errno }
            guard problem == 0 else { throw failure(problem) }
            return
        }
        if let resolved = realpath(path, nil) {
            target = String(cString: resolved)
            free(resolved)
        }
    }

    let folder = target.lastIndex(of: "/").map { String(target[...$0]) } ?? "./"
    // Short, so that a long file name does not push the temporary over the limit; unique among processes and threads.
    let temporary =
        folder + ".semblance-\(getpid())-\(String(UInt64.random(in: .min ... .max), radix: 36)).tmp"
    let descriptor = open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o666)
    guard descriptor >= 0 else { throw failure(errno) }
    var problem = writeAll(bytes, to: descriptor)
    if problem == 0, let mode, fchmod(descriptor, mode) != 0 { problem = errno }
    if problem == 0 && fsync(descriptor) != 0 { problem = errno }
    if close(descriptor) != 0 && problem == 0 { problem = errno }
    if problem == 0 && rename(temporary, target) != 0 { problem = errno }
    guard problem == 0 else {
        unlink(temporary)
        throw failure(problem)
    }
    // Makes the rename itself durable. Some file systems refuse; the content is complete either way.
    let folderDescriptor = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
    if folderDescriptor >= 0 {
        fsync(folderDescriptor)
        close(folderDescriptor)
    }
}

/// `writeAtomically` of an array.
package func writeAtomically(_ bytes: [UInt8], to path: String) throws(SemblanceError) {
    try bytes.withUnsafeBufferPointer { (buffer) throws(SemblanceError) in
        try writeAtomically(UnsafeRawBufferPointer(buffer), to: path)
    }
}

/// Finds out before long work whether `writeAtomically` can write to `path` after it.
/// - Throws: `outputUnwritable` naming the file.
package func checkWritable(_ path: String) throws(SemblanceError) {
    guard !path.isEmpty, !path.utf8.contains(0) else { throw unwritable(path, ENOENT) }
    guard !isFolder(path) else { throw unwritable(path, EISDIR) }
    var status = stat()
    if stat(path, &status) == 0, status.st_mode & S_IFMT != S_IFREG {
        guard access(path, W_OK) == 0 else { throw unwritable(path, errno) }
        return
    }
    let trial = splitPath(path).folder + "/.semblance-\(getpid())-trial.tmp"
    let descriptor = open(trial, O_WRONLY | O_CREAT | O_CLOEXEC, 0o666)
    guard descriptor >= 0 else { throw unwritable(path, errno) }
    close(descriptor)
    unlink(trial)
}

/// The error for an output and an error number.
func unwritable(_ path: String, _ number: Int32) -> SemblanceError {
    guard !path.isEmpty else {
        return SemblanceError(
            .outputUnwritable, "the name of an output is empty", remedy: "give a file's name")
    }
    let remedy: String? =
        switch number {
        case ENOSPC, EDQUOT, EFBIG: "free some space or choose another folder"
        case ENOENT, ENOTDIR: "create the folder first"
        case EACCES, EPERM, EROFS: "choose a folder that can be written to"
        case EISDIR: "give the name of a file, not of a folder"
        default: nil
        }
    return SemblanceError(
        .outputUnwritable, "cannot write \(path): \(String(cString: strerror(number)))", remedy: remedy)
}

/// Writes everything, going on after short writes and signals; the error number, or 0.
private func writeAll(_ bytes: UnsafeRawBufferPointer, to descriptor: Int32) -> Int32 {
    var rest = bytes[...]
    while !rest.isEmpty {
        let count = write(descriptor, UnsafeRawBufferPointer(rebasing: rest).baseAddress, rest.count)
        if count > 0 {
            rest = rest.dropFirst(count)
        } else if count == 0 {
            return EIO
        } else if errno != EINTR {
            return errno
        }
    }
    return 0
}
