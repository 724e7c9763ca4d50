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
        for entry in try listFolder(root) {
            let path = root + "/" + entry
            if isFolder(path) {
                images += try listFolder(path).map { path + "/" + $0 }.filter(ImageFormat.isCandidate)
                    .map { Face(name: entry, path: $0) }
            } else if ImageFormat.isCandidate(path: path) {
                images.append(
                    Face(name: stem(of: entry), path: path))
            }
        }
        guard !images.isEmpty else {
            throw SemblanceError(
                .invalidInput, "the gallery \(root) holds no image",
                remedy: "put one folder of PNG or JPEG images for each person there")
        }
        self.images = images
    }
}
