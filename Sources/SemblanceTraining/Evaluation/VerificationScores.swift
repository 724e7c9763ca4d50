import SemblanceCore

/// Similarities of pairs of images of the same person (genuine) and of different people (impostor). A pair is
/// accepted where its score is at least the threshold; minus infinity stands for a pair that never is. No score is NaN.
package struct VerificationScores: Sendable {
    /// Both sorted, highest first.
    package let genuine: [Float]
    package let impostor: [Float]

    package init(genuine: [Float], impostor: [Float]) {
        self.genuine = genuine.sorted(by: >)
        self.impostor = impostor.sorted(by: >)
    }

    /// The fraction of genuine pairs accepted (true accept rate).
    package func trueAcceptRate(at threshold: Float) -> Double { Self.accepted(genuine, threshold) }
    /// The fraction of impostor pairs accepted (false accept rate).
    package func falseAcceptRate(at threshold: Float) -> Double { Self.accepted(impostor, threshold) }

    private static func accepted(_ scores: [Float], _ threshold: Float) -> Double {
        guard !scores.isEmpty else { return .nan }
        var (low, high) = (0, scores.count)
        while low < high {
            let middle = (low + high) / 2
            if scores[middle] >= threshold { low = middle + 1 } else { high = middle }
        }
        return Double(low) / Double(scores.count)
    }

    /// The lowest threshold whose measured false accept rate is at most `far`; nil where there are fewer than 1/far impostor
    /// pairs, which cannot show such a rate.
    package func threshold(farAtMost far: Double) -> Float? {
        // The slack keeps 1 / 0.001 = 1000 pairs from being one too few in floating point.
        guard far > 0, far < 1, Double(impostor.count) * far >= 1 - 1e-9 else { return nil }
        return impostor[Int(Double(impostor.count) * far + 1e-9)].nextUp
    }

    /// A threshold and the operating point that it gives.
    package struct Point: Sendable {
        package var threshold: Float
        /// How many genuine and how many impostor pairs are accepted.
        package var accepted: Int
        package var wronglyAccepted: Int
        package var trueAcceptRate: Double
        package var falseAcceptRate: Double
    }

    /// The receiver operating characteristic: one point for each different score, from nothing accepted to everything.
    package var curve: [Point] {
        var points: [Point] = []
        var (accepted, wrong) = (0, 0)
        func add(_ threshold: Float) {
            points.append(
                Point(
                    threshold: threshold, accepted: accepted, wronglyAccepted: wrong,
                    trueAcceptRate: Double(accepted) / Double(max(genuine.count, 1)),
                    falseAcceptRate: Double(wrong) / Double(max(impostor.count, 1))))
        }
        add(.infinity)
        while accepted < genuine.count || wrong < impostor.count {
            let score = max(
                accepted < genuine.count ? genuine[accepted] : -.infinity,
                wrong < impostor.count ? impostor[wrong] : -.infinity)
            while accepted < genuine.count, genuine[accepted] >= score { accepted += 1 }
            while wrong < impostor.count, impostor[wrong] >= score { wrong += 1 }
            add(score)
        }
        return points
    }

    /// The threshold with the highest balanced accuracy, the mean of the rates at which genuine pairs are accepted and impostor
    /// pairs refused (so 0.5 is chance, however many there are of either).
    package var best: (threshold: Float, accuracy: Double) {
        let best = threshold { (1 + $0.trueAcceptRate - $0.falseAcceptRate) / 2 }
        return (best.threshold, best.value)
    }

    /// The threshold with the most right answers, genuine pairs accepted and impostor pairs refused.
    package var mostRight: (threshold: Float, right: Int) {
        let best = threshold { Double($0.accepted + impostor.count - $0.wronglyAccepted) }
        return (best.threshold, Int(best.value))
    }

    /// The threshold at which `value` is highest, half-way down to the next score; of equals the highest. It is finite.
    private func threshold(maximising value: (Point) -> Double) -> (threshold: Float, value: Double) {
        let curve = curve
        // Where nothing is to be accepted: above every score, and above every cosine.
        let highest = max(genuine.first ?? -1, impostor.first ?? -1)
        var best = (threshold: max(1, highest.nextUp), value: value(curve[0]))
        for (index, point) in curve.enumerated().dropFirst() where point.threshold.isFinite {
            let reached = value(point)
            guard reached > best.value else { continue }
            let next = index + 1 < curve.count ? curve[index + 1].threshold : point.threshold
            let middle = point.threshold + (next - point.threshold) / 2
            best = (middle > next ? middle : point.threshold, reached)
        }
        return best
    }

    /// The area under the curve: the probability that a genuine pair scores above an impostor pair, ties counted half.
    package var areaUnderCurve: Double {
        let curve = curve
        return zip(curve, curve.dropFirst()).reduce(0) { area, pair in
            area + (pair.1.falseAcceptRate - pair.0.falseAcceptRate)
                * (pair.0.trueAcceptRate + pair.1.trueAcceptRate) / 2
        }
    }

    /// The rate at which as many impostor pairs are accepted as genuine ones are refused, between points by a straight line.
    package var equalErrorRate: Double {
        let curve = curve
        for (before, after) in zip(curve, curve.dropFirst()) {
            let gap = after.falseAcceptRate - (1 - after.trueAcceptRate)
            guard gap >= 0 else { continue }
            let previous = before.falseAcceptRate - (1 - before.trueAcceptRate)
            let share = gap == previous ? 0 : -previous / (gap - previous)
            return before.falseAcceptRate + share * (after.falseAcceptRate - before.falseAcceptRate)
        }
        return 0.5
    }
}
