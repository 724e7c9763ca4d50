import Foundation
import Semblance
import SemblanceCore
import SemblanceTestSupport

/// An embedding of no model in particular.
func embedding(_ values: [Float]) -> Embedding {
    Embedding(values: values, model: testIdentity)
}

private let testIdentity = ModelIdentity(
    of: Network(
        name: "test", inputName: "input", inputShape: [1, 1, 1], nodes: [], parameters: [], outputNames: []))

/// A list of pairs whose scores are chosen: each pair has two photographs of its own, (1, 0) and (cos, sin). Nil is a pair whose
/// second photograph shows no face.
func scoredList(header: String, _ pairs: [(isGenuine: Bool, score: Float?)]) throws -> PairScores {
    var lines = [header]
    for (index, pair) in pairs.enumerated() {
        lines.append(pair.isGenuine ? "P\(index)\t1\t2" : "P\(index)\t1\tQ\(index)\t1")
    }
    let list = try withTemporaryFolder { folder in
        try Data((lines.joined(separator: "\n") + "\n").utf8).write(to: URL(filePath: folder + "/pairs.txt"))
        return try PairList(path: folder + "/pairs.txt", root: "nowhere")
    }
    let outcomes = pairs.flatMap { pair -> [FaceOutcome] in
        let second = pair.score.map { embedding([$0, (1 - $0 * $0).squareRoot()]) }
        return [.face(embedding([1, 0])), second.map { .face($0) } ?? .noFace]
    }
    return PairScores(list, outcomes)
}
