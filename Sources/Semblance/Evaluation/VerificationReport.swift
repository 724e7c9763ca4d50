import Foundation
import SemblanceCore
import SemblanceTraining

/// What the scores of a list of pairs come to. Every rate is a fraction; keys in JSON are these names in snake_case.
public struct VerificationReport: Sendable, Encodable {
    public struct Pairs: Sendable, Encodable {
        public var total: Int
        /// Those whose two photographs both have an embedding.
        public var scored: Int
        /// Those with a photograph in which no face was found.
        public var noFace: Int
        /// Those with a photograph that could not be read.
        public var failed: Int
        public var genuine: Int
        public var impostor: Int
        public var unscored: [PairScores.Unscored]
    }

    /// One fold's answers, at the threshold that gives the most right answers on the others.
    public struct Fold: Sendable, Encodable {
        public var pairs: Int
        public var threshold: Float
        public var accuracy: Double
    }

    /// Over folds. Nil where a single fold leaves none to choose the threshold on.
    public struct Accuracy: Sendable, Encodable {
        @OrNull public var mean: Double?
        /// The estimated standard deviation of the folds' accuracies (divisor n - 1).
        @OrNull public var deviation: Double?
        /// Of the mean: the deviation over the root of the number of folds.
        @OrNull public var standardError: Double?
        /// 95 %, from the right answers of all folds.
        @OrNull public var interval: ProportionInterval?
        public var folds: [Fold]
        /// Whether the list says what the folds are, rather than contiguous parts of it.
        public var foldsAreGiven: Bool
    }

    /// The answers at a threshold that was set beforehand.
    public struct AtThreshold: Sendable, Encodable {
        public var source: String
        public var threshold: Float
        public var accuracy: Double
        public var interval: ProportionInterval
        @OrNull public var tar: Double?
        @OrNull public var far: Double?
    }

    /// The best that any threshold could reach on these very pairs: an upper bound, no result.
    public struct Best: Sendable, Encodable {
        public var threshold: Float
        public var accuracy: Double
    }

    public struct ROCPoint: Sendable, Encodable, Hashable {
        public var far: Double
        public var tar: Double
        public var threshold: Float
    }

    public var pairs: Pairs
    public var accuracy: Accuracy
    public var thresholds: [AtThreshold]
    public var best: Best
    /// Nil without pairs of both kinds.
    @OrNull public var auc: Double?
    @OrNull public var eer: Double?
    public var tarAtFar: [RateAtRate]
    /// Thinned where there are many points.
    public var roc: [ROCPoint]
    public var histogram: ScoreHistogram

    /// - Parameter thresholds: set beforehand, and by whom.
    public init(_ scores: PairScores, thresholds: [(source: String, value: Float)] = []) {
        let list = scores.list
        let genuine = list.pairs.count(where: \.isGenuine)
        let failed = scores.unscored.count(where: \.isFailure)
        pairs = Pairs(
            total: list.pairs.count, scored: list.pairs.count - scores.unscored.count,
            noFace: scores.unscored.count - failed, failed: failed, genuine: genuine,
            impostor: list.pairs.count - genuine, unscored: scores.unscored)
        accuracy = Accuracy(scores)

        let rates = scores.forRates
        self.thresholds = thresholds.map { source, threshold in
            let (right, total) = scores.right(at: threshold)
            let (tar, far) = (rates.trueAcceptRate(at: threshold), rates.falseAcceptRate(at: threshold))
            return AtThreshold(
                source: source, threshold: threshold, accuracy: Double(right) / Double(max(total, 1)),
                interval: ProportionInterval(successes: right, of: total), tar: tar.isNaN ? nil : tar,
                far: far.isNaN ? nil : far)
        }
        let best = scores.scored().mostRight
        self.best = Best(
            threshold: best.threshold, accuracy: Double(best.right) / Double(max(list.pairs.count, 1)))
        let hasBoth = !rates.genuine.isEmpty && !rates.impostor.isEmpty
        auc = hasBoth ? rates.areaUnderCurve : nil
        eer = hasBoth ? rates.equalErrorRate : nil
        tarAtFar = [1e-1, 1e-2, 1e-3, 1e-4].map { RateAtRate(.tarAtFar, rates, limit: $0) }
        roc = hasBoth ? rates.thinnedCurve : []
        histogram = ScoreHistogram(scores.scored())
    }
}

extension VerificationReport.Accuracy {
    init(_ scores: PairScores) {
        foldsAreGiven = scores.list.hasOwnFolds
        folds = []
        guard scores.list.foldCount > 1 else { return }
        var rightInAll = 0
        for fold in 0..<scores.list.foldCount {
            let threshold = scores.scored { $0.fold != fold }.mostRight.threshold
            let (right, total) = scores.right(at: threshold) { $0.fold == fold }
            rightInAll += right
            folds.append(
                VerificationReport.Fold(
                    pairs: total, threshold: threshold, accuracy: Double(right) / Double(max(total, 1))))
        }
        let count = Double(folds.count)
        let average = folds.reduce(0) { $0 + $1.accuracy } / count
        let squares = folds.reduce(0) { $0 + ($1.accuracy - average) * ($1.accuracy - average) }
        let spread = (squares / (count - 1)).squareRoot()
        mean = average
        deviation = spread
        standardError = spread / count.squareRoot()
        interval = ProportionInterval(successes: rightInAll, of: scores.list.pairs.count)
    }
}
