import SemblanceCore

/// Photographs that a model was calibrated on after its training, and what was asked of them.
public struct CalibrationEvidence: Sendable, Codable, Hashable {
    /// The data set's name.
    public var dataset: String
    public var images: Int
    /// Those in which no face was found, and those that could not be read.
    public var imagesWithoutFace: Int
    public var unreadableImages: Int
    /// How faces were found.
    public var detector: String
    /// The rate whose threshold is used where nobody asks for another.
    public var falseAcceptRate: Double
    /// As it was given; a file does not change with the day by itself.
    public var date: String?

    public init(
        dataset: String, images: Int, imagesWithoutFace: Int, unreadableImages: Int, detector: String,
        falseAcceptRate: Double, date: String? = nil
    ) {
        self.dataset = dataset
        self.images = images
        self.imagesWithoutFace = imagesWithoutFace
        self.unreadableImages = unreadableImages
        self.detector = detector
        self.falseAcceptRate = falseAcceptRate
        self.date = date
    }
}

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
    /// What the pairs are of; nil for people that were held out of the training.
    public var evidence: CalibrationEvidence?

    init(people: Int, scores: VerificationScores, evidence: CalibrationEvidence? = nil) {
        self.evidence = evidence
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

    /// - Parameter evidence: where the scores come from, if not from people held out of the training; its rate is calibrated too.
    package init(people: Int, scores: VerificationScores, evidence: CalibrationEvidence? = nil) {
        let rates = Set(Self.rates + [evidence?.falseAcceptRate].compactMap(\.self)).sorted(by: >)
        let points = rates.compactMap { rate in
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
            self = .calibrated(
                summary: VerificationSummary(people: people, scores: scores, evidence: evidence),
                points: points)
        }
    }

    /// The point to use by default: the rate that was asked for or the usual one, or the lowest above it that was calibrated.
    public var recommended: OperatingPoint? {
        guard case .calibrated(let summary, let points) = self else { return nil }
        let rate = summary.evidence?.falseAcceptRate ?? Self.usualRate
        return points.filter { $0.falseAcceptRate >= rate }.min {
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
