import Foundation
import SemblanceTraining

extension VerificationReport {
    /// The figures with their diagrams.
    package var sections: [Page.Section] {
        var sections = [Page.Section("Verification", [.table(rows), .note(Self.explanation)])]
        if !roc.isEmpty {
            sections.append(Page.Section("Receiver operating characteristic", [rocFigure, detFigure]))
        }
        sections.append(Page.Section("Scores", [histogramFigure]))
        if !accuracy.folds.isEmpty { sections.append(Page.Section("Folds", [foldTable])) }
        if !pairs.unscored.isEmpty { sections.append(Page.Section("Pairs without a score", [unscoredTable])) }
        return sections
    }

    private static let explanation = """
        Each fold is judged at the threshold with the most right answers on the other folds. A pair without a score is a wrong answer; \
        in the rates a genuine one counts as refused and an impostor one is left out. Intervals are Wilson's, 95 %, and take the \
        pairs as independent.
        """

    /// FAR's axis: down to what the pairs can show.
    private var decades: Int { Int(log10(Double(max(pairs.impostor, 10))).rounded(.up)) }

    /// A staircase: between two points the lower rate is what is certain.
    static func steps(_ points: [(x: Double, y: Double)]) -> [(x: Double, y: Double)] {
        zip(points, points.dropFirst()).reduce(into: Array(points.prefix(1))) { steps, pair in
            steps.append((pair.1.x, pair.0.y))
            steps.append(pair.1)
        }
    }

    private var rocFigure: Markup {
        let chart = Chart(
            title: "True accept rate over false accept rate",
            x: .logarithmic("false accept rate (FAR)", decades: decades),
            y: .linear("true accept rate (TAR)", 0, 1),
            series: [Chart.Series("TAR", .line, Self.steps(roc.map { ($0.far, $0.tar) }))])
        return .figure(
            chart.markup,
            caption: "TAR over FAR; the left edge stands for no false accept among the impostor pairs.")
    }

    private var detFigure: Markup {
        let axis = Int(log10(Double(max(pairs.genuine, 10))).rounded(.up))
        let chart = Chart(
            title: "Detection error tradeoff", x: .logarithmic("false accept rate (FAR)", decades: decades),
            y: .logarithmic("false reject rate (1 - TAR)", decades: axis),
            series: [Chart.Series("1 - TAR", .line, Self.steps(roc.map { ($0.far, 1 - $0.tar) }))])
        return .figure(
            chart.markup, caption: "The same as a detection error tradeoff, both axes logarithmic.")
    }

    private var histogramFigure: Markup {
        let width = Double(histogram.high - histogram.low) / Double(histogram.genuine.count)
        func shares(_ counts: [Int]) -> [(x: Double, y: Double)] {
            let total = Double(max(counts.reduce(0, +), 1))
            return counts.enumerated().flatMap { index, count in
                let start = Double(histogram.low) + Double(index) * width
                return [(start, Double(count) / total), (start + width, Double(count) / total)]
            }
        }
        let (genuine, impostor) = (shares(histogram.genuine), shares(histogram.impostor))
        let highest = (genuine + impostor).map(\.y).max() ?? 0
        let chart = Chart(
            title: "Scores of genuine and of impostor pairs",
            x: .linear("cosine", Double(histogram.low), Double(histogram.high)),
            y: .linear("share of the pairs", 0, max(highest * 1.05, 0.01)),
            series: [
                Chart.Series("genuine pairs", .area, genuine),
                Chart.Series("impostor pairs", .area, impostor),
            ])
        return .figure(chart.markup, caption: "Each kind's pairs by their score.")
    }

    private var foldTable: Markup {
        .table(
            columns: ["fold", "pairs", "threshold", "accuracy"],
            accuracy.folds.indices.map { index in
                let (fold, key) = (accuracy.folds[index], "accuracy.folds.\(index)")
                let cells: [ReportText] = [
                    "\(String(index + 1))", "\(count: fold.pairs, "\(key).pairs")",
                    "\(fold.threshold, "\(key).threshold")", "\(percent: fold.accuracy, "\(key).accuracy")",
                ]
                return cells.map(\.markup)
            })
    }

    private var unscoredTable: Markup {
        .table(
            columns: ["line", "photographs", "reason"],
            pairs.unscored.map { pair in
                [.text(String(pair.line)), .text(pair.images.joined(separator: ", ")), .text(pair.reason)]
            })
    }
}
