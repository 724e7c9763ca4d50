import Foundation
import SemblanceCore
import SemblanceImaging

/// A folder of labelled faces, `root/person/image`, in an order that does not depend on the file system.
public struct FaceFolder: Sendable {
    /// Somebody's images.
    public struct Person: Sendable, Hashable {
        /// The folder's name.
        public var name: String
        /// File names, sorted.
        public var images: [String]
    }

    /// What identifies a data set to a checkpoint.
    public struct Fingerprint: Sendable, Hashable, Codable {
        public var people: Int
        public var images: Int
        /// Over the names of all people and images.
        public var digest: UInt32
    }

    public let root: String
    /// Everybody with at least one image, sorted by name.
    public let people: [Person]

    /// Reads the folder's names; no image is decoded. Hidden files, files that are no images and people without images
    /// are passed over; what only looks like an image, or is of a format that is not read, is found out by training.
    /// - Throws: `invalidInput` for a folder that is missing, unreadable or has fewer people with images than are needed.
    public init(root: String, fewestPeople: Int = 2) throws(SemblanceError) {
        self.root = root
        var people: [Person] = []
        var looseImages = 0
        var nested: String?
        for name in try listFolder(root) {
            let folder = root + "/" + name
            guard isFolder(folder) else {
                if ImageFormat.isImageName(name) { looseImages += 1 }
                continue
            }
            let files = try listFolder(folder)
            let images = files.filter { ImageFormat.isCandidate(path: folder + "/" + $0) }
            if !images.isEmpty {
                people.append(Person(name: name, images: images))
            } else if nested == nil, files.contains(where: { isFolder(folder + "/" + $0) }) {
                nested = folder
            }
        }
        self.people = people
        guard people.count < max(fewestPeople, 1) else { return }
        let found = people.isEmpty ? "no person's images" : "only one person (\(people[0].name))"
        var remedy =
            "give every person a folder of their own with PNG, JPEG, PGM or PPM images: \(root)/NAME/1.jpg"
        if let nested {
            remedy = "\(nested) has folders in it: perhaps it is the one to train on"
        } else if people.isEmpty, looseImages > 0 {
            remedy = "\(looseImages) images lie in the folder itself; " + remedy
        }
        throw SemblanceError(.invalidInput, "\(root): \(found) in the folder", remedy: remedy)
    }

    public var imageCount: Int { people.reduce(0) { $0 + $1.images.count } }

    public func path(person: Int, image: Int) -> String {
        "\(root)/\(people[person].name)/\(people[person].images[image])"
    }

    /// Whether the images are grey, judged by the first of each of some people: then a network of one channel will do.
    public func isGrey(judgedBy count: Int = 16) -> Bool {
        let step = max(people.count / max(count, 1), 1)
        let samples = stride(from: 0, to: people.count, by: step).compactMap { person in
            try? ImageDecoder().decode(path: path(person: person, image: 0))
        }
        return !samples.isEmpty && samples.allSatisfy { $0.channels == 1 }
    }

    public var fingerprint: Fingerprint {
        var checksum = Checksum()
        for person in people {
            checksum.update("\(person.name)/\n".utf8)
            for image in person.images { checksum.update("\(image)\n".utf8) }
        }
        return Fingerprint(people: people.count, images: imageCount, digest: checksum.value)
    }
}
