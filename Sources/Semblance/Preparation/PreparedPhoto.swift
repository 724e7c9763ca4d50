import Foundation
import SemblanceCore

/// What became of one photograph of a data set: a line of its record.
package struct PreparedPhoto: Sendable, Hashable, Codable {
    package enum Outcome: String, Sendable, Hashable, Codable, CaseIterable {
        case aligned
        case noFace = "no_face"
        case severalFaces = "several_faces"
        case unreadable

        /// In the report.
        package var words: String {
            switch self {
            case .aligned: "aligned"
            case .noFace: "no face"
            case .severalFaces: "several faces"
            case .unreadable: "unreadable"
            }
        }
    }

    /// What tells that a file is still the same.
    package struct FileState: Sendable, Hashable, Codable {
        package var bytes: Int
        /// Nanoseconds since 1970.
        package var modified: Int

        /// nil for a file that is not there.
        package init?(path: String) {
            var status = stat()
            guard stat(path, &status) == 0 else { return nil }
            bytes = Int(status.st_size)
            modified = Int(status.st_mtim.tv_sec) * 1_000_000_000 + Int(status.st_mtim.tv_nsec)
        }
    }

    /// What is known of a crop.
    package struct Crop: Sendable, Hashable, Codable {
        /// Below the data set's folder: `person/photo.png`.
        package var path: String
        /// Where the face is in the photograph; nil where the image as a whole was taken for it.
        package var face: DetectedFace?
        package var print: PicturePrint
        /// The variance of the Laplacian at 112x112.
        package var sharpness: Double
        /// What the face looks like to a model, where one was asked.
        package var embedding: StoredEmbedding?
    }

    /// Below the folder of photographs: `person/photo.jpg`.
    package var source: String
    package var file: FileState?
    package var outcome: Outcome
    /// Why there is no crop.
    package var reason: String?
    package var crop: Crop?

    /// The name of the folder that it lies in.
    package var person: String { source.split(separator: "/").first.map(String.init) ?? source }
}

/// An embedding in a text file: the numbers' bytes, little end first, in base 64.
package struct StoredEmbedding: Sendable, Hashable, Codable {
    package var model: ModelIdentity
    private var values: Data

    package init(_ embedding: Embedding) {
        model = embedding.model
        values = embedding.values.map(\.bitPattern.littleEndian).withUnsafeBytes { Data($0) }
    }

    package var vector: [Float] {
        values.withUnsafeBytes { bytes in
            stride(from: 0, to: bytes.count / 4 * 4, by: 4).map {
                Float(
                    bitPattern: UInt32(littleEndian: bytes.loadUnaligned(fromByteOffset: $0, as: UInt32.self))
                )
            }
        }
    }
}
