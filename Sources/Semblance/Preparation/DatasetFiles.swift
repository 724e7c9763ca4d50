import Foundation
import SemblanceCore
import SemblanceImaging

/// The crops of a data set: in its folders, or set aside in hidden ones, which training passes over.
package final class DatasetFiles {
    package static let asideFolder = ".flagged"
    private let root: String
    /// Folders that were looked at.
    private var known: Set<String> = []

    package init(_ root: String) {
        self.root = root
        Self.clear(root)
    }

    package func path(_ crop: String, isAside: Bool = false) -> String {
        isAside ? "\(root)/\(Self.asideFolder)/\(crop)" : "\(root)/\(crop)"
    }

    /// Where a crop is; nil where there is none.
    package func place(of crop: String) -> String? {
        [path(crop), path(crop, isAside: true)].first { FileManager.default.isReadableFile(atPath: $0) }
    }

    package func write(_ image: Image, to crop: String) throws(SemblanceError) {
        try prepareFolder(of: path(crop))
        try image.writePNG(to: path(crop))
    }

    /// Moves a crop out of the data set, or back into it.
    package func move(_ crop: String, aside isAside: Bool) throws(SemblanceError) {
        let (from, to) = (path(crop, isAside: !isAside), path(crop, isAside: isAside))
        guard place(of: crop) == from else { return }
        try prepareFolder(of: to)
        guard rename(from, to) == 0 else {
            throw SemblanceError(
                .outputUnwritable, "cannot move \(from) to \(to): \(String(cString: strerror(errno)))",
                remedy: "check the folder's permissions")
        }
        // Folders go with the last crop.
        rmdir(splitPath(from).folder)
        rmdir("\(root)/\(Self.asideFolder)")
    }

    package func remove(_ crop: String) throws(SemblanceError) {
        for isAside in [false, true] {
            let path = path(crop, isAside: isAside)
            guard unlink(path) != 0 else {
                // Only an empty folder goes.
                rmdir(splitPath(path).folder)
                continue
            }
            guard errno != ENOENT, errno != ENOTDIR else { continue }
            throw SemblanceError(
                .outputUnwritable, "cannot remove \(path): \(String(cString: strerror(errno)))",
                remedy: "check the folder's permissions")
        }
    }

    private func prepareFolder(of path: String) throws(SemblanceError) {
        let folder = splitPath(path).folder
        guard known.insert(folder).inserted || !isFolder(folder) else { return }
        try makeFolder(folder)
        Self.clear(folder)
    }

    /// Removes what a run that was killed while it wrote has left in a folder.
    private static func clear(_ folder: String) {
        for name in (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []
        where name.hasPrefix(".semblance-") && name.hasSuffix(".tmp") {
            unlink("\(folder)/\(name)")
        }
    }
}
