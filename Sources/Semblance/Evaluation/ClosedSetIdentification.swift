import Foundation
import SemblanceCore
import SemblanceTraining

/// Closed-set identification with one enrolled image a person: the others are probes, and rank-1 counts those whose nearest
/// enrolled image is of their own person. Each person's first image is enrolled, then each second, and so on. A photograph
/// without a face counts: as a probe it is wrong, and whoever is enrolled by it is not recognised.
public struct ClosedSetReport: Sendable, Encodable, CustomStringConvertible {
    public var people: Int
    public var images: Int
    public var faces: FaceCounts
    /// Rank-1 for each choice of the enrolled image.
    public var rank1: [Double]
    public var mean: Double

    /// - Parameter outcomes: gives what became of photographs, by their paths.
    public init(_ folder: FaceFolder, outcomes: ([String]) throws -> [FaceOutcome]) throws {
        people = folder.people.count
        images = folder.imageCount
        let all = try outcomes(folder.paths)
        self.faces = FaceCounts(all)
        var rest = all[...]
        let faces = folder.people.map { person in
            defer { rest = rest.dropFirst(person.images.count) }
            return rest.prefix(person.images.count).map(\.vector)
        }
        let choices = faces.map(\.count).min() ?? 0
        rank1 = (0..<choices).map { choice in
            let enrolled = faces.map { $0[choice] }
            var right = 0, total = 0
            for (person, images) in faces.enumerated() {
                for (index, probe) in images.enumerated() where index != choice {
                    total += 1
                    guard let probe, let own = enrolled[person] else { continue }
                    let score = similarity(own, probe)
                    // A tie is no recognition.
                    let isFirst = enrolled.indices.allSatisfy { other in
                        other == person || enrolled[other].map { similarity($0, probe) < score } ?? true
                    }
                    right += isFirst ? 1 : 0
                }
            }
            return Double(right) / Double(max(total, 1))
        }
        mean = rank1.isEmpty ? 0 : rank1.reduce(0, +) / Double(rank1.count)
    }

    public var description: String {
        let each = rank1.map { String(format: "%.1f", $0 * 100) }.joined(separator: " ")
        let line = String(
            format: "rank-1 %.2f %%: mean over %d choices of the enrolled image (%@) of %d people, %d images",
            mean * 100,
            rank1.count, each, people, images)
        guard faces.scored < faces.total else { return line }
        return line
            + "\n\(faces.noFace) images without a face and \(faces.failed) unreadable ones count as wrong"
    }
}

extension ClosedSetReport {
    package var sections: [Page.Section] {
        let each = rank1.indices.map { index in
            ReportRow("image \(index + 1) enrolled", "\(percent: rank1[index], "rank1.\(index)")")
        }
        return [
            Page.Section(
                "Identification with one enrolled image each",
                [
                    .table(
                        [
                            ReportRow(
                                "rank-1",
                                """
                                \(percent: mean, "mean"), mean over the choices of the enrolled image of \
                                \(count: people, "people") people, \(count: images, "images") images
                                """),
                            ReportRow(
                                "wrong in any case",
                                """
                                \(count: faces.noFace, "faces.no_face") images without a face, \
                                \(count: faces.failed, "faces.failed") unreadable ones
                                """),
                        ] + each)
                ])
        ]
    }
}
