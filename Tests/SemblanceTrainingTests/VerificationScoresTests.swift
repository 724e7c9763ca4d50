import SemblanceCore
import SemblanceTraining
import Testing

@Suite struct VerificationScoresTests {
    /// Random scores with ties: genuine higher on the whole.
    private func scores(seed: UInt64) -> (genuine: [Float], impostor: [Float]) {
        var random = RandomSource(seed: seed)
        func draw(_ mean: Float) -> Float { ((mean + 0.3 * random.normal()) * 20).rounded() / 20 }
        return ((0..<60).map { _ in draw(0.5) }, (0..<90).map { _ in draw(0.1) })
    }

    @Test(arguments: UInt64(1)...6) func agreesWithCounting(seed: UInt64) {
        let (genuine, impostor) = scores(seed: seed)
        let scores = VerificationScores(genuine: genuine, impostor: impostor)
        func rate(_ values: [Float], _ threshold: Float) -> Double {
            Double(values.filter { $0 >= threshold }.count) / Double(values.count)
        }
        for threshold in stride(from: Float(-1), through: 1.5, by: 0.025) {
            #expect(scores.trueAcceptRate(at: threshold) == rate(genuine, threshold))
            #expect(scores.falseAcceptRate(at: threshold) == rate(impostor, threshold))
        }
        let candidates = Set(genuine + impostor).flatMap { [$0, $0.nextUp] }
        let best = candidates.map { (1 + rate(genuine, $0) - rate(impostor, $0)) / 2 }.max() ?? 0
        #expect(abs(scores.best.accuracy - best) < 1e-12)
        let reached = (1 + rate(genuine, scores.best.threshold) - rate(impostor, scores.best.threshold)) / 2
        #expect(abs(reached - best) < 1e-12)
        var area = 0.0
        for a in genuine { for b in impostor { area += a > b ? 1 : a == b ? 0.5 : 0 } }
        #expect(abs(scores.areaUnderCurve - area / Double(genuine.count * impostor.count)) < 1e-9)
        for far in [0.02, 0.1, 0.5] {
            let threshold = scores.threshold(farAtMost: far) ?? .nan
            #expect(rate(impostor, threshold) <= far)
            // The next lower threshold would break the promise.
            #expect(rate(impostor, threshold.nextDown) > far)
        }
        // Between the points around the crossing.
        let rates = candidates.sorted().map { (rate(impostor, $0), 1 - rate(genuine, $0)) }
        let bounds = rates.map { max($0.0, $0.1) }.min() ?? 0
        #expect(scores.equalErrorRate <= bounds + 1e-12)
        #expect(scores.equalErrorRate >= (rates.map { min($0.0, $0.1) }.max() ?? 0) - 1e-12)
    }

    @Test func perfectAndUselessScores() {
        let perfect = VerificationScores(genuine: [0.8, 0.9], impostor: [0.1, 0.2, 0.3])
        #expect(perfect.best.accuracy == 1)
        #expect(abs(perfect.best.threshold - 0.55) < 1e-6)
        #expect(perfect.areaUnderCurve == 1 && perfect.equalErrorRate == 0)
        let useless = VerificationScores(genuine: [0.5, 0.5], impostor: [0.5, 0.5])
        #expect(
            useless.best.accuracy == 0.5 && useless.areaUnderCurve == 0.5 && useless.equalErrorRate == 0.5)
    }

    @Test func withholdsRatesThatThePairsCannotShow() throws {
        let genuine = [Float](repeating: 0.9, count: 20)
        let impostor = (0..<1000).map { Float($0) / 2000 }
        let scores = VerificationScores(genuine: genuine, impostor: impostor)
        #expect(scores.threshold(farAtMost: 0.001) != nil)
        #expect(scores.threshold(farAtMost: 0.0009) == nil)
        #expect(
            VerificationScores(genuine: genuine, impostor: Array(impostor.dropLast())).threshold(
                farAtMost: 0.001) == nil)

        let calibration = Calibration(people: 5, scores: scores)
        guard case .calibrated(let summary, let points) = calibration else {
            Issue.record("uncalibrated")
            return
        }
        #expect(summary.people == 5 && summary.genuinePairs == 20 && summary.impostorPairs == 1000)
        #expect(points.map(\.falseAcceptRate) == [1e-1, 1e-2, 1e-3])
        #expect(calibration.recommended?.falseAcceptRate == 1e-3)
        #expect(try calibration.point(farAtMost: 0.05).falseAcceptRate == 1e-2)
        #expect(throws: SemblanceError.self) { try calibration.point(farAtMost: 1e-4) }
    }

    @Test func uncalibratedWithoutEvidence() {
        let none = Calibration(people: 2, scores: VerificationScores(genuine: [], impostor: [0.1, 0.2]))
        #expect(none.recommended == nil)
        let few = Calibration(people: 2, scores: VerificationScores(genuine: [0.5], impostor: [0.1]))
        guard case .uncalibrated(let reason) = few else {
            Issue.record("calibrated on one pair")
            return
        }
        #expect(reason.contains("1 pairs"))
    }
}
