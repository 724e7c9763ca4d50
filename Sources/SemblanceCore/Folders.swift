import Glibc

/// The names in a folder that are not hidden, sorted.
/// - Throws: `invalidInput` naming the folder where it is missing, no folder or unreadable.
package func listFolder(_ path: String) throws(SemblanceError) -> [String] {
    func refuse(_ reason: String, _ remedy: String) -> SemblanceError {
        SemblanceError(.invalidInput, "\(path): \(reason)", remedy: remedy)
    }
    guard !path.isEmpty, !path.utf8.contains(0), let folder = opendir(path) else {
        switch path.isEmpty ? ENOENT : errno {
        case ENOENT: throw refuse("there is no such folder", "check the path")
        case ENOTDIR:
            throw refuse(
                "this is a file, not a folder",
                "name the folder that has one folder of images for each person")
        case let number:
            throw refuse(
                "the folder cannot be read: \(String(cString: strerror(number)))", "check its permissions")
        }
    }
    defer { closedir(folder) }
    var names: [String] = []
    while let entry = readdir(folder) {
        let name = withUnsafeBytes(of: entry.pointee.d_name) { bytes in
            String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
        }
        if !name.hasPrefix(".") { names.append(name) }
    }
    return names.sorted()
}

/// Whether there is a folder of this name.
package func isFolder(_ path: String) -> Bool {
    var status = stat()
    return stat(path, &status) == 0 && status.st_mode & S_IFMT == S_IFDIR
}

/// Makes a folder, and those that it lies in. One that is there already will do.
/// - Throws: `outputUnwritable` naming the folder.
package func makeFolder(_ path: String) throws(SemblanceError) {
    let parts = path.split(separator: "/")
    guard !parts.isEmpty else { return }
    for count in 1...parts.count {
        let folder = (path.hasPrefix("/") ? "/" : "") + parts[..<count].joined(separator: "/")
        guard mkdir(folder, 0o777) != 0, !isFolder(folder) else { continue }
        throw unwritable(folder, errno == EEXIST ? ENOTDIR : errno)
    }
}

/// The folder that a path lies in, and its name there. `NSString.deletingLastPathComponent` crashes on a name of one letter.
package func splitPath(_ path: String) -> (folder: String, name: String) {
    guard let slash = path.lastIndex(of: "/") else { return (".", path) }
    return (String(path[...slash]), String(path[path.index(after: slash)...]))
}

/// A file's name without its extension.
package func stem(of name: String) -> String { name.lastIndex(of: ".").map { String(name[..<$0]) } ?? name }
