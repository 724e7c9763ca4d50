import SemblanceCore

/// Similarities of pairs of images of the same person (genuine) and of different people (impostor). A pair is
/// accepted where its score is at least the threshold.
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

    /// A threshold and the operating points that it gives.
    package struct Point: Sendable {
        package var threshold: Float
        package var trueAcceptRate: Double
        package var falseAcceptRate: Double
    }

    /// The receiver operating characteristic: one point for each different score, from nothing accepted to everything.
    package var curve: [Point] {
        var points = [Point(threshold: .infinity, trueAcceptRate: 0, falseAcceptRate: 0)]
        var (accepted, wrong) = (0, 0)
        while accepted < genuine.count || wrong < impostor.count {
            let score = max(
                accepted < genuine.count ? genuine[accepted] : -.infinity,
                wrong < impostor.count ? impostor[wrong] : -.infinity)
            while accepted < genuine.count, genuine[accepted] >= score { accepted += 1 }
            while wrong < impostor.count, impostor[wrong] >= score { wrong += 1 }
            points.append(
                Point(
                    threshold: score, trueAcceptRate: Double(accepted) / Double(max(genuine.count, 1)),
                    falseAcceptRate: Double(wrong) / Double(max(impostor.count, 1))))
        }
        return points
    }

    /// The threshold with the highest balanced accuracy, the mean of the rates at which genuine pairs are accepted and impostor
    /// pairs refused (so 0.5 is chance, however many there are of either): half-way to the next score.
    package var best: (threshold: Float, accuracy: Double) {
        let curve = curve
        var best = (threshold: Float(1), accuracy: 0.5)
        for (index, point) in curve.enumerated().dropFirst() {
            let accuracy = (1 + point.trueAcceptRate - point.falseAcceptRate) / 2
            guard accuracy > best.accuracy else { continue }
            let next = index + 1 < curve.count ? curve[index + 1].threshold : point.threshold
            let middle = point.threshold + (next - point.threshold) / 2
            best = (middle > next ? middle : point.threshold, accuracy)
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
