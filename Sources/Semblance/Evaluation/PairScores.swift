import Foundation
import SemblanceCore
import SemblanceTraining

/// The cosine of each pair of a list; none where a photograph has no embedding.
public struct PairScores: Sendable {
    /// Why a pair has no score.
    public struct Unscored: Sendable, Hashable, Encodable {
        /// In the list's file, from 1.
        public var line: Int
        /// The photographs at fault.
        public var images: [String]
        public var reason: String
        /// Whether a photograph could not even be read.
        public var isFailure: Bool

        private enum CodingKeys: CodingKey { case line, images, reason }
    }

    public let list: PairList
    /// In the list's order.
    public let scores: [Float?]
    public let unscored: [Unscored]

    /// - Parameter outcomes: of the list's paths, in order.
    public init(_ list: PairList, _ outcomes: [FaceOutcome]) {
        self.list = list
        var scores: [Float?] = []
        var unscored: [Unscored] = []
        for pair in list.pairs {
            if let first = outcomes[pair.first].vector, let second = outcomes[pair.second].vector {
                scores.append(similarity(first, second))
                continue
            }
            scores.append(nil)
            let faults = [pair.first, pair.second].filter { outcomes[$0].vector == nil }
            let errors = faults.compactMap {
                if case .failed(let error) = outcomes[$0] { error } else { nil }
            }
            unscored.append(
                Unscored(
                    line: pair.line, images: faults.map { list.paths[$0] },
                    reason: errors.first?.message ?? "no face", isFailure: !errors.isEmpty))
        }
        self.scores = scores
        self.unscored = unscored
    }

    /// Writes one cosine a line in the list's order, "nan" for a pair that has none.
    /// - Throws: `outputUnwritable` naming the file.
    public func write(to path: String) throws(SemblanceError) {
        let lines = scores.map { score in score.map { String(format: "%.6f", Double($0)) } ?? "nan" }
        try writeAtomically(Array((lines.joined(separator: "\n") + "\n").utf8), to: path)
    }

    /// The scores of all folds but one or of all, for choosing a threshold: pairs without a score teach nothing there.
    func scored(where isWanted: (PairList.Pair) -> Bool = { _ in true }) -> VerificationScores {
        var genuine: [Float] = [], impostor: [Float] = []
        for (pair, score) in zip(list.pairs, scores) where isWanted(pair) {
            guard let score else { continue }
            if pair.isGenuine { genuine.append(score) } else { impostor.append(score) }
        }
        return VerificationScores(genuine: genuine, impostor: impostor)
    }

    /// The scores for rates. A genuine pair without a score is never accepted, and an impostor pair without one is left out, so that
    /// a photograph that is not seen never makes a rate better.
    var forRates: VerificationScores {
        let scored = scored()
        let missed = zip(list.pairs, scores).count { $0.isGenuine && $1 == nil }
        return VerificationScores(
            genuine: scored.genuine + [Float](repeating: -.infinity, count: missed), impostor: scored.impostor
        )
    }

    /// How many pairs are answered rightly at a threshold, of those wanted. One without a score is a wrong answer, whoever is on it.
    func right(at threshold: Float, where isWanted: (PairList.Pair) -> Bool = { _ in true }) -> (
        right: Int, of: Int
    ) {
        var (right, total) = (0, 0)
        for (pair, score) in zip(list.pairs, scores) where isWanted(pair) {
            total += 1
            if let score, (score >= threshold) == pair.isGenuine { right += 1 }
        }
        return (right, total)
    }
}
