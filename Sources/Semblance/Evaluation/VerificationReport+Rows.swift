import Foundation
import SemblanceTraining

extension ReportText {
    /// A 95 % interval.
    init(_ interval: ProportionInterval, _ key: String) {
        self = "\(percent: interval.low, "\(key).low") to \(percent: interval.high, "\(key).high")"
    }
}

extension VerificationReport {
    /// The figures for people.
    package var rows: [ReportRow] {
        [
            ReportRow(
                "pairs",
                """
                \(count: pairs.scored, "pairs.scored") of \(count: pairs.total, "pairs.total") scored \
                (\(count: pairs.genuine, "pairs.genuine") genuine, \(count: pairs.impostor, "pairs.impostor") impostor)
                """)
        ] + unscoredRows + [accuracyRow] + thresholds.indices.map(thresholdRow) + [
            ReportRow(
                "at most",
                """
                \(percent: best.accuracy, "best.accuracy"), at the best threshold for these very pairs \
                (\(best.threshold, "best.threshold")): a bound, no result
                """)
        ] + [auc.map { ReportRow("AUC", "\($0, digits: 5, "auc")") }].compactMap(\.self)
            + [eer.map { ReportRow("EER", "\(percent: $0, "eer")") }].compactMap(\.self)
            + tarAtFar.indices.map { tarAtFar[$0].row("tar_at_far.\($0)") }
    }

    private var unscoredRows: [ReportRow] {
        guard pairs.scored < pairs.total else { return [] }
        return [
            ReportRow(
                "wrong",
                """
                without a score, whoever is on them: \(count: pairs.noFace, "pairs.no_face") with a photograph without a face, \
                \(count: pairs.failed, "pairs.failed") with one that cannot be read
                """)
        ]
    }

    private var accuracyRow: ReportRow {
        guard let mean = accuracy.mean, let deviation = accuracy.deviation,
            let error = accuracy.standardError,
            let interval = accuracy.interval
        else {
            return ReportRow("accuracy", "withheld: a single fold leaves none to choose the threshold on")
        }
        return ReportRow(
            "accuracy",
            """
            \(percent: mean, "accuracy.mean"), deviation \(percent: deviation, "accuracy.deviation") over \
            \(String(accuracy.folds.count)) folds\(accuracy.foldsAreGiven ? "" : " (tenths of the list)"), standard error \
            \(percent: error, "accuracy.standard_error"); 95 % interval\u{20}
            """ + ReportText(interval, "accuracy.interval"))
    }

    private func thresholdRow(_ index: Int) -> ReportRow {
        let (each, key) = (thresholds[index], "thresholds.\(index)")
        var text: ReportText =
            "\(percent: each.accuracy, "\(key).accuracy") right ("
            + ReportText(each.interval, "\(key).interval") + ")"
        if let tar = each.tar { text = text + ", TAR \(percent: tar, "\(key).tar")" }
        if let far = each.far { text = text + ", FAR \(percent: far, "\(key).far")" }
        return ReportRow(
            String(format: "at %.4f", each.threshold), text + "; \(each.source)")
    }
}

extension RateAtRate {
    /// - Parameter key: the path in the report's JSON.
    func row(_ key: String) -> ReportRow {
        let (right, wrong, cases) =
            kind == .tarAtFar ? ("TAR", "FAR", "impostor pairs") : ("TPIR", "FPIR", "unknown probes")
        let name = right.lowercased()
        guard let rate, let threshold, let interval else {
            let reason: ReportText =
                has < needs
                ? "withheld: needs \(count: needs, "\(key).needs") \(cases), has \(count: has, "\(key).has")"
                : "withheld: there is nobody to accept"
            return ReportRow("\(right)@\(wrong)=\(limit)", reason)
        }
        return ReportRow(
            "\(right)@\(wrong)=\(limit)",
            "\(percent: rate, "\(key).\(name)") (" + ReportText(interval, "\(key).interval")
                + ") at cosine \(threshold, "\(key).threshold")")
    }
}
