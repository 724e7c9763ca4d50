import Foundation
import SemblanceTraining

/// The rate of right acceptances where that of wrong ones is at most a given one; withheld where there are too few wrong cases to
/// show such a rate.
public struct RateAtRate: Sendable, Encodable {
    /// What the rates are called, in JSON too.
    public enum Kind: Sendable {
        /// Verification: true and false accept rate of pairs.
        case tarAtFar
        /// Open-set identification: true and false positive identification rate.
        case tpirAtFpir
    }

    public var kind: Kind
    /// The rate of wrong acceptances that was asked for.
    public var limit: Double
    public var rate: Double?
    /// The lowest threshold that keeps to the limit.
    public var threshold: Float?
    public var interval: ProportionInterval?
    /// Wrong cases that such a rate needs, and those there are.
    public var needs: Int
    public var has: Int

    init(_ kind: Kind, _ scores: VerificationScores, limit: Double) {
        self.kind = kind
        self.limit = limit
        needs = Int((1 / limit - 1e-6).rounded(.up))
        has = scores.impostor.count
        guard !scores.genuine.isEmpty, let threshold = scores.threshold(farAtMost: limit) else { return }
        let reached = scores.trueAcceptRate(at: threshold)
        rate = reached
        self.threshold = threshold
        interval = ProportionInterval(
            successes: Int((reached * Double(scores.genuine.count)).rounded()), of: scores.genuine.count)
    }

    private enum Key: CodingKey { case far, tar, fpir, tpir, threshold, interval, needs, has }

    public func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: Key.self)
        try container.encode(limit, forKey: kind == .tarAtFar ? .far : .fpir)
        // A withheld figure is null rather than absent.
        try container.encode(rate, forKey: kind == .tarAtFar ? .tar : .tpir)
        try container.encode(threshold, forKey: .threshold)
        try container.encode(interval, forKey: .interval)
        try container.encode(needs, forKey: .needs)
        try container.encode(has, forKey: .has)
    }
}

/// Counts of scores in equal parts of a range.
public struct ScoreHistogram: Sendable, Encodable {
    public var low: Float
    public var high: Float
    public var genuine: [Int]
    public var impostor: [Int]

    init(_ scores: VerificationScores, bins: Int = 50) {
        let lowest = min(scores.genuine.last ?? 0, scores.impostor.last ?? 0)
        let highest = max(scores.genuine.first ?? 0, scores.impostor.first ?? 0)
        // To the next twentieth outwards.
        low = max((lowest * 20).rounded(.down) / 20, -1)
        high = min((highest * 20).rounded(.up) / 20, 1)
        if high <= low { (low, high) = (min(low, 0.95), min(low, 0.95) + 0.05) }
        let (start, width) = (low, (high - low) / Float(bins))
        func counts(_ scores: [Float]) -> [Int] {
            scores.reduce(into: [Int](repeating: 0, count: bins)) { counts, score in
                counts[min(max(Int((score - start) / width), 0), bins - 1)] += 1
            }
        }
        genuine = counts(scores.genuine)
        impostor = counts(scores.impostor)
    }
}

extension VerificationScores {
    /// The curve's upper left corners, the highest rate for each false accept rate; of very many about 200, evenly in the
    /// logarithm. Pairs that are never accepted leave it below 1.
    var thinnedCurve: [VerificationReport.ROCPoint] {
        var corners: [VerificationReport.ROCPoint] = []
        for point in curve where point.threshold > -.infinity {
            if corners.last?.far == point.falseAcceptRate { corners.removeLast() }
            // JSON knows no infinity: nothing is accepted above the highest cosine.
            corners.append(
                VerificationReport.ROCPoint(
                    far: point.falseAcceptRate, tar: point.trueAcceptRate,
                    threshold: min(point.threshold, 1.0001)))
        }
        guard corners.count > 200 else { return corners }
        let step = log(Double(impostor.count)) / 190
        var next = -Double.infinity
        var thinned = [corners[0]]
        for corner in corners.dropFirst().dropLast() where log(corner.far) >= next {
            thinned.append(corner)
            next = log(corner.far) + step
        }
        return thinned + corners.suffix(1)
    }
}
