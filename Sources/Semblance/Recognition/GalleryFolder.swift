import Foundation
import SemblanceCore
import SemblanceImaging

/// A folder of known people: `root/person/image`, or `root/person.jpg` for people with one image.
public struct GalleryFolder: Sendable {
    public struct Face: Sendable, Hashable {
        public var name: String
        public var path: String
    }

    public let root: String
    /// By name, then by path.
    public let images: [Face]

    /// - Throws: `invalidInput` naming the folder where it cannot be listed or holds no image.
    public init(root: String) throws(SemblanceError) {
        self.root = root
        var images: [Face] = []
        for entry in try Self.list(root) {
            let path = root + "/" + entry
            if Self.isFolder(path) {
                images += try Self.list(path).filter(ImageFormat.isImageName)
                    .map { Face(name: entry, path: path + "/" + $0) }
            } else if ImageFormat.isImageName(entry) {
                images.append(Face(name: (entry as NSString).deletingPathExtension, path: path))
            }
        }
        guard !images.isEmpty else {
            throw SemblanceError(
                .invalidInput, "the gallery \(root) holds no image",
                remedy: "put one folder of PNG or JPEG images for each person there")
        }
        self.images = images
    }

    private static func isFolder(_ path: String) -> Bool {
        var isFolder: ObjCBool = false
        return FileManager.default.fileExists(atPath: path, isDirectory: &isFolder) && isFolder.boolValue
    }

    private static func list(_ path: String) throws(SemblanceError) -> [String] {
        do {
            return try FileManager.default.contentsOfDirectory(atPath: path).filter { !$0.hasPrefix(".") }
                .sorted()
        } catch {
            throw SemblanceError(
                .invalidInput, "the folder \(path) cannot be listed",
                remedy: "check its name and its permissions",
                cause: error)
        }
    }
}
