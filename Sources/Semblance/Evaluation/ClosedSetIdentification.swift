import Foundation
import SemblanceCore
import SemblanceTraining

/// Closed-set identification with one enrolled image a person: the others are probes, and rank-1 counts those whose nearest
/// enrolled image is of their own person. Each person's first image is enrolled, then each second, and so on.
public struct ClosedSetReport: Sendable, Encodable, CustomStringConvertible {
    public var people: Int
    public var images: Int
    /// Rank-1 for each choice of the enrolled image.
    public var rank1: [Double]
    public var mean: Double

    public init(_ folder: FaceFolder, vectors: ([String]) throws -> [[Float]]) throws {
        people = folder.people.count
        images = folder.imageCount
        var faces: [[[Float]]] = []
        for person in folder.people.indices {
            let paths = folder.people[person].images.indices.map { folder.path(person: person, image: $0) }
            faces.append(try vectors(paths))
        }
        let choices = faces.map(\.count).min() ?? 0
        rank1 = (0..<choices).map { choice in
            let enrolled = faces.map { $0[choice] }
            var right = 0, total = 0
            for (person, images) in faces.enumerated() {
                for (index, probe) in images.enumerated() where index != choice {
                    let scores = enrolled.map { similarity($0, probe) }
                    let others = scores.enumerated().filter { $0.offset != person }.map(\.element).max() ?? -1
                    // A tie is no recognition.
                    right += scores[person] > others ? 1 : 0
                    total += 1
                }
            }
            return Double(right) / Double(max(total, 1))
        }
        mean = rank1.isEmpty ? 0 : rank1.reduce(0, +) / Double(rank1.count)
    }

    public var description: String {
        let each = rank1.map { String(format: "%.1f", $0 * 100) }.joined(separator: " ")
        return String(
            format: "rank-1 %.2f %%: mean over %d choices of the enrolled image (%@) of %d people, %d images",
            mean * 100,
            rank1.count, each, people, images)
    }
}
