import SemblanceCore

/// How well people that were not trained on are told apart.
public struct VerificationSummary: Sendable, Codable, Hashable {
    public var people: Int
    public var genuinePairs: Int
    public var impostorPairs: Int
    /// Balanced accuracy at the best threshold: 0.5 is chance.
    public var accuracy: Double
    public var bestThreshold: Float
    public var areaUnderCurve: Double
    public var equalErrorRate: Double

    init(people: Int, scores: VerificationScores) {
        self.people = people
        genuinePairs = scores.genuine.count
        impostorPairs = scores.impostor.count
        (bestThreshold, accuracy) = scores.best
        areaUnderCurve = scores.areaUnderCurve
        equalErrorRate = scores.equalErrorRate
    }
}

/// Thresholds for a model's similarities, with the evidence for them. They belong to that model alone.
public enum Calibration: Sendable, Codable, Hashable {
    case calibrated(summary: VerificationSummary, points: [OperatingPoint])
    /// Nobody to measure on: why.
    case uncalibrated(reason: String)

    /// A threshold and what was measured at it.
    public struct OperatingPoint: Sendable, Codable, Hashable {
        /// The false accept rate that was asked for; the measured one is at most that.
        public var falseAcceptRate: Double
        public var threshold: Float
        /// The fraction of genuine pairs that are accepted.
        public var trueAcceptRate: Double
    }

    /// False accept rates that are calibrated where there are impostor pairs enough.
    package static let rates = [1e-1, 1e-2, 1e-3, 1e-4, 1e-5]
    /// The rate whose threshold is used where nobody asks for another.
    package static let usualRate = 1e-3

    package init(people: Int, scores: VerificationScores) {
        let points = Self.rates.compactMap { rate in
            scores.threshold(farAtMost: rate).map { threshold in
                OperatingPoint(
                    falseAcceptRate: rate, threshold: threshold,
                    trueAcceptRate: scores.trueAcceptRate(at: threshold))
            }
        }
        if scores.genuine.isEmpty {
            self = .uncalibrated(reason: "the held-out people have no two readable images of the same person")
        } else if points.isEmpty {
            self = .uncalibrated(
                reason:
                    "\(scores.impostor.count) pairs of different held-out people are too few for a threshold")
        } else {
            self = .calibrated(summary: VerificationSummary(people: people, scores: scores), points: points)
        }
    }

    /// The point to use by default: the usual rate, or the lowest one above it that was calibrated.
    public var recommended: OperatingPoint? {
        guard case .calibrated(_, let points) = self else { return nil }
        return points.filter { $0.falseAcceptRate >= Self.usualRate }.min {
            $0.falseAcceptRate < $1.falseAcceptRate
        }
    }

    /// The calibrated point with the highest rate that is at most `far`.
    /// - Throws: `usage` where no measured threshold keeps to such a rate.
    public func point(farAtMost far: Double) throws(SemblanceError) -> OperatingPoint {
        switch self {
        case .uncalibrated(let reason):
            throw SemblanceError(
                .usage, "the model is uncalibrated: \(reason)", remedy: "give a threshold of your own")
        case .calibrated(let summary, let points):
            let allowed = points.filter { $0.falseAcceptRate <= far * (1 + 1e-9) }
            guard let point = allowed.max(by: { $0.falseAcceptRate < $1.falseAcceptRate }) else {
                throw SemblanceError(
                    .usage,
                    "the model was calibrated on \(summary.impostorPairs) impostor pairs, too few for a false accept rate of \(far)",
                    remedy:
                        "ask for \(points.map(\.falseAcceptRate).min() ?? 0.1) or more, or give a threshold")
            }
            return point
        }
    }
}
