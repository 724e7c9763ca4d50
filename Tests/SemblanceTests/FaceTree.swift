import Foundation
import Semblance
import SemblanceTestSupport
import Testing

/// Folders of people whose images are never opened: their vectors go by the files' names below `folder`. An empty vector is a
/// photograph without a face.
struct FaceTree {
    let folder: String
    let vectors: [String: [Float]]

    static func with<Result>(_ vectors: [String: [Float]], _ body: (FaceTree) throws -> Result) throws
        -> Result
    {
        try withTemporaryFolder { folder in
            for name in vectors.keys {
                let path = folder + "/" + name
                try FileManager.default.createDirectory(
                    atPath: (path as NSString).deletingLastPathComponent, withIntermediateDirectories: true)
                try Data().write(to: URL(filePath: path))
            }
            return try body(FaceTree(folder: folder, vectors: vectors))
        }
    }

    func outcomes(_ paths: [String]) throws -> [FaceOutcome] {
        try paths.map { path in
            let vector = try #require(vectors[String(path.dropFirst(folder.count + 1))])
            return vector.isEmpty ? .noFace : .face(embedding(vector))
        }
    }
}
