import Foundation

extension IdentificationReport {
    /// The figures for people.
    package var rows: [ReportRow] {
        let ranks = [2, 5, 10, 20].filter { $0 <= cmc.count }.map { rank in
            ReportRow("rank-\(rank)", "\(percent: cmc[rank - 1], "cmc.\(rank - 1)")")
        }
        let open =
            unknown.total == 0 ? [] : tpirAtFpir.indices.map { tpirAtFpir[$0].row("tpir_at_fpir.\($0)") }
        return [
            ReportRow(
                "gallery",
                "\(count: gallery.enrolled, "gallery.enrolled") of \(count: gallery.people, "gallery.people") people, "
                    + Self.text(gallery.images, "gallery.images")),
            ReportRow("probes", Self.text(probes, "probes")),
            ReportRow(
                "unknown", unknown.total == 0 ? "none: closed set alone" : Self.text(unknown, "unknown")),
            ReportRow(
                "rank-1",
                "\(percent: rank1.rate, "rank1.rate") (" + ReportText(rank1.interval, "rank1.interval") + ")"),
        ] + ranks + open
    }

    private static func text(_ counts: FaceCounts, _ key: String) -> ReportText {
        let images: ReportText =
            "\(count: counts.scored, "\(key).scored") of \(count: counts.total, "\(key).total") images"
        guard counts.scored < counts.total else { return images }
        return images
            + " (\(count: counts.noFace, "\(key).no_face") without a face, \(count: counts.failed, "\(key).failed") unreadable)"
    }

    /// The figures with their diagrams.
    package var sections: [Page.Section] {
        let ranks = Chart(
            title: "Cumulative match characteristic", x: .linear("rank", 1, Double(max(cmc.count, 2))),
            y: .linear("identification rate", 0, 1),
            series: [
                Chart.Series(
                    "own person at this rank or before", .line, cmc.indices.map { (Double($0 + 1), cmc[$0]) })
            ])
        var sections = [
            Page.Section("Identification", [.table(rows), .note(Self.explanation)]),
            Page.Section(
                "Cumulative match characteristic",
                [
                    .figure(
                        ranks.markup, caption: "The fraction of probes whose own person is among the first.")
                ]),
        ]
        if !tpirCurve.isEmpty {
            let open = Chart(
                title: "Open-set identification",
                x: .logarithmic(
                    "false positive identification rate (FPIR)",
                    decades: Int(log10(Double(max(unknown.scored, 10))).rounded(.up))),
                y: .linear("true positive identification rate (TPIR)", 0, 1),
                series: [
                    Chart.Series(
                        "TPIR", .line, VerificationReport.steps(tpirCurve.map { ($0.fpir, $0.tpir) }))
                ])
            sections.append(
                Page.Section(
                    "Open set",
                    [
                        .figure(
                            open.markup,
                            caption: "TPIR over FPIR; the left edge stands for no unknown probe accepted.")
                    ]))
        }
        return sections
    }

    private static let explanation = """
        The best of a person's enrolled photographs counts, and equal scores count against the person. A probe without a face is not \
        identified; an unknown one is left out of FPIR. TPIR is the fraction of all probes whose own person comes first and reaches the \
        threshold; FPIR the fraction of unknown probes that reach it with anybody. Intervals are Wilson's, 95 %.
        """
}
