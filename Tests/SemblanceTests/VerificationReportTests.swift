import Foundation
import Semblance
import SemblanceCore
import SemblanceTestSupport
import SemblanceTraining
import Testing

/// The protocol against counting in plain loops, in double precision.
@Suite struct VerificationReportTests {
    typealias Pair = (isGenuine: Bool, score: Float?)

    /// Scores on a coarse grid, so that many are equal; some pairs have none.
    private func random(folds: Int, each: Int, seed: UInt64) -> [Pair] {
        var random = RandomSource(seed: seed)
        return (0..<folds * each * 2).map { index in
            let isGenuine = index % (2 * each) < each
            let score = ((isGenuine ? 0.5 : 0.2) + 0.2 * random.normal()).clamped(to: -1...1)
            let hasNone = Int.random(in: 0..<40, using: &random) == 0
            return (isGenuine, hasNone ? nil : (score * 40).rounded() / 40)
        }
    }

    private func right(_ pairs: some Sequence<Pair>, _ threshold: Float) -> Int {
        pairs.count { pair in
            guard let score = pair.score else { return false }
            return (score >= threshold) == pair.isGenuine
        }
    }

    @Test(arguments: 0..<4) func agreesWithCounting(round: Int) throws {
        let seed = freshSeed("verification \(round)")
        let (folds, each) = ([10, 2, 7, 3][round], [30, 60, 9, 1][round])
        let pairs = random(folds: folds, each: each, seed: seed)
        let report = try VerificationReport(
            scoredList(header: "\(folds)\t\(each)", pairs), thresholds: [("test", 0.35)])

        var accuracies: [Double] = []
        #expect(report.accuracy.folds.count == folds && report.accuracy.foldsAreGiven)
        for (fold, answer) in report.accuracy.folds.enumerated() {
            let tested = pairs[fold * 2 * each..<(fold + 1) * 2 * each]
            let others = pairs[..<tested.startIndex] + pairs[tested.endIndex...]
            let candidates = Set(others.compactMap(\.score)).flatMap { [$0.nextDown, $0.nextUp] }
            let most = candidates.map { right(others, $0) }.max() ?? 0
            #expect(right(others, answer.threshold) == most)
            accuracies.append(Double(right(tested, answer.threshold)) / Double(2 * each))
            #expect(answer.accuracy == accuracies[fold] && answer.pairs == 2 * each)
        }
        let mean = accuracies.reduce(0, +) / Double(folds)
        let variance = accuracies.map { ($0 - mean) * ($0 - mean) }.reduce(0, +) / Double(folds - 1)
        #expect(abs(try #require(report.accuracy.mean) - mean) < 1e-12)
        #expect(abs(try #require(report.accuracy.deviation) - variance.squareRoot()) < 1e-12)
        #expect(
            abs(try #require(report.accuracy.standardError) - (variance / Double(folds)).squareRoot()) < 1e-12
        )
        let interval = try #require(report.accuracy.interval)
        #expect(interval.low <= mean && mean <= interval.high && interval.low < interval.high)

        // Without a score: a genuine pair counts as refused, an impostor pair not at all.
        let genuine = pairs.filter(\.isGenuine).map { $0.score.map(Double.init) ?? -9 }
        let impostor = pairs.filter { !$0.isGenuine }.compactMap { $0.score.map(Double.init) }
        var area = 0.0
        for a in genuine { for b in impostor { area += a > b ? 1 : a == b ? 0.5 : 0 } }
        #expect(abs(try #require(report.auc) - area / Double(genuine.count * impostor.count)) < 1e-9)
        func rate(_ scores: [Double], _ threshold: Double) -> Double {
            Double(scores.count { $0 >= threshold }) / Double(scores.count)
        }
        let at = try #require(report.thresholds.first)
        #expect(at.source == "test" && at.accuracy == Double(right(pairs, 0.35)) / Double(pairs.count))
        #expect(at.tar == rate(genuine, Double(Float(0.35))) && at.far == rate(impostor, Double(Float(0.35))))
        #expect(report.best.accuracy * Double(pairs.count) >= Double(right(pairs, 0.35)))
        #expect(
            report.best.accuracy == Double(right(pairs, report.best.threshold)) / Double(pairs.count))

        for each in report.tarAtFar {
            #expect(each.has == impostor.count && each.needs == Int((1 / each.limit).rounded()))
            guard let tar = each.rate, let threshold = each.threshold else {
                #expect(impostor.count < each.needs && each.rate == nil && each.interval == nil)
                continue
            }
            #expect(impostor.count >= each.needs)
            #expect(
                tar == rate(genuine, Double(threshold)) && rate(impostor, Double(threshold)) <= each.limit)
            #expect(rate(impostor, Double(threshold.nextDown)) > each.limit)
        }
        for point in report.roc where point.threshold <= 1 {
            #expect(point.far == rate(impostor, Double(point.threshold)))
            #expect(point.tar == rate(genuine, Double(point.threshold)))
        }
        #expect(report.histogram.genuine.reduce(0, +) == genuine.count { $0 > -9 })
        #expect(report.histogram.impostor.reduce(0, +) == impostor.count)
        let missing = pairs.count { $0.score == nil }
        #expect(report.pairs.total == pairs.count && report.pairs.scored == pairs.count - missing)
        #expect(report.pairs.noFace == missing && report.pairs.failed == 0)
        #expect(report.pairs.unscored.count == missing)
    }

    /// Three folds of one pair of each kind. Without fold 0 any threshold from above 0.3 to 0.8 answers all four rightly, and
    /// half-way is 0.55: genuine 0.5 is refused. Without fold 1: from above 0.4 to 0.5. Without fold 2: from above 0.4 to 0.5.
    @Test func agreesWithAHandComputedCase() throws {
        let scores = try scoredList(
            header: "3\t1",
            [(true, 0.5), (false, 0.4), (true, 0.8), (false, 0.3), (true, 0.9), (false, 0.2)])
        let report = VerificationReport(scores)
        #expect(report.accuracy.folds.map(\.accuracy) == [0.5, 1, 1])
        for (fold, threshold) in zip(report.accuracy.folds, [0.55, 0.45, 0.45] as [Float]) {
            #expect(abs(fold.threshold - threshold) < 1e-6)
        }
        #expect(abs(try #require(report.accuracy.mean) - 5.0 / 6) < 1e-12)
        #expect(abs(try #require(report.accuracy.deviation) - (1.0 / 12).squareRoot()) < 1e-12)
        #expect(report.auc == 1 && report.eer == 0 && report.best.accuracy == 1)
        // Five of six: Wilson's interval as R's prop.test(5, 6, correct = FALSE) gives it.
        let interval = try #require(report.accuracy.interval)
        #expect(abs(interval.low - 0.4364967) < 1e-6 && abs(interval.high - 0.9699466) < 1e-6)
    }

    @Test func onePairOfEachLeavesNoFoldToChooseOn() throws {
        let report = try VerificationReport(
            scoredList(header: "1", [(true, 0.5), (false, 0.4)]), thresholds: [("test", 0.45)])
        #expect(
            report.accuracy.mean == nil && report.accuracy.deviation == nil && report.accuracy.folds.isEmpty)
        #expect(report.thresholds.first?.accuracy == 1 && report.auc == 1)
        #expect(report.tarAtFar.allSatisfy { $0.rate == nil })
    }

    @Test func equalScoresAreChance() throws {
        let report = try VerificationReport(
            scoredList(header: "2\t2", (0..<8).map { ($0 % 4 < 2, 0.5) }))
        #expect(report.accuracy.mean == 0.5 && report.auc == 0.5 && report.eer == 0.5)
        #expect(report.accuracy.deviation == 0)
    }

    @Test func noFaceAnywhereIsAllWrong() throws {
        let report = try VerificationReport(
            scoredList(header: "2\t1", (0..<4).map { ($0 % 2 == 0, nil) }), thresholds: [("test", -1)])
        #expect(
            report.accuracy.mean == 0 && report.best.accuracy == 0 && report.thresholds.first?.accuracy == 0)
        #expect(report.pairs.scored == 0 && report.pairs.noFace == 4)
        #expect(report.auc == nil && report.eer == nil && report.thresholds.first?.far == nil)
        #expect(report.thresholds.first?.tar == 0)
    }

    @Test func scoresAreWrittenInOrder() throws {
        try withTemporaryFolder { folder in
            let scores = try scoredList(header: "1", [(true, 0.25), (false, nil)])
            try scores.write(to: folder + "/s.txt")
            #expect(try String(contentsOfFile: folder + "/s.txt", encoding: .utf8) == "0.250000\nnan\n")
        }
    }

    @Test func anUnreadablePhotographIsAFailureAndNamed() throws {
        let list = try scoredList(header: "1", [(true, 0.5), (false, 0.1)]).list
        let broken = SemblanceError(.invalidInput, "x.jpg is a damaged JPEG file")
        let scores = PairScores(list, [.failed(broken), .noFace, .face(embedding([1])), .noFace])
        #expect(scores.unscored.map(\.line) == [2, 3])
        #expect(scores.unscored.map(\.images.count) == [2, 1])
        #expect(scores.unscored.map(\.reason) == ["x.jpg is a damaged JPEG file", "no face"])
        let report = VerificationReport(scores)
        #expect(report.pairs.failed == 1 && report.pairs.noFace == 1 && report.pairs.scored == 0)
    }
}

extension Float {
    fileprivate func clamped(to range: ClosedRange<Float>) -> Float {
        Swift.min(Swift.max(self, range.lowerBound), range.upperBound)
    }
}

@Suite struct ProportionIntervalTests {
    /// Wilson's interval holds exactly the rates p for which |observed - p| is at most z standard errors of p: found by bisection.
    @Test func agreesWithTheTestItInverts() {
        let z = 1.959963984540054
        func isHeld(_ p: Double, _ rate: Double, _ count: Int) -> Bool {
            abs(rate - p) <= z * (p * (1 - p) / Double(count)).squareRoot()
        }
        for (successes, count) in [(0, 1), (1, 1), (3, 10), (992, 1000), (1000, 1000), (0, 50), (2999, 6000)]
        {
            let rate = Double(successes) / Double(count)
            let interval = ProportionInterval(successes: successes, of: count)
            for (end, outside) in [(interval.low, 0.0), (interval.high, 1.0)] {
                var (inner, outer) = (rate, outside)
                for _ in 0..<80 {
                    let middle = (inner + outer) / 2
                    if isHeld(middle, rate, count) { inner = middle } else { outer = middle }
                }
                #expect(abs(end - inner) < 1e-9, "\(successes) of \(count)")
            }
        }
        #expect(ProportionInterval(successes: 0, of: 0).high == 1)
    }
}
