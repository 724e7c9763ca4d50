import Foundation
import SemblanceCore
import SemblanceImaging

extension PreparedDataset {
    /// The figures for people.
    package func rows(_ review: DatasetReview) -> [ReportRow] {
        let counts = counts(review)
        let skipped = counts.noFace + counts.severalFaces + counts.unreadable
        let mislabelled: ReportText =
            if let count = counts.mislabelled {
                "\(count: count, "mislabelled") (look by \(String(format: "%g", review.limits.margin)) more like somebody else)"
            } else { "not looked for: that needs a recognition model" }
        return [
            ReportRow(
                "photographs",
                "\(count: counts.photos, "photos") of \(count: counts.people, "people") people"),
            ReportRow(
                "aligned",
                "\(count: counts.aligned, "aligned")"
                    + (counts.peopleWithoutCrop == 0
                        ? ""
                        : " (\(count: counts.peopleWithoutCrop, "people_without_crop") people without any)")
            ),
            ReportRow(
                "skipped",
                skipped == 0
                    ? "none"
                    : "\(count: counts.noFace, "no_face") without a face, \(count: counts.severalFaces, "several_faces") with several, \(count: counts.unreadable, "unreadable") unreadable"
            ),
            ReportRow("flagged", "\(count: counts.flagged, "flagged")"),
            ReportRow(
                "near-duplicates", "\(count: counts.nearDuplicate, "near_duplicate") of the same person"),
            ReportRow("under two names", "\(count: counts.twoNames, "two_names")"),
            ReportRow(
                "blurred",
                "\(count: counts.blur, "blur") (sharpness below \(String(format: "%g", review.limits.sharpness)))"
            ),
            ReportRow("likely mislabelled", mislabelled),
        ]
    }

    /// The report with thumbnails. It says nothing of single runs: however many it took, the page is the same.
    package func page(_ review: DatasetReview) -> Page {
        let origin = [
            ReportRow("photographs", "\(settings.source)"), ReportRow("faces", "\(settings.method)"),
            ReportRow("crops", "\(String(settings.size)) x \(String(settings.size)) pixels"),
            ReportRow("model", "\(model?.description ?? "none")"),
        ]
        let flagged = PhotoFlag.Kind.allCases.map { kind in
            section(
                kind.title,
                zip(photos, review.flags).flatMap { photo, flags in
                    flags.filter { $0.kind == kind }.map { (photo, $0) }
                }
            ) { photo, flag in
                [
                    .group([thumbnail(photo)] + compared(with: photo, flag).map(thumbnail)),
                    .text(photo.source), .text(flag.reason),
                ]
            }
        }
        let skipped = PreparedPhoto.Outcome.allCases.filter { $0 != .aligned }.map { outcome in
            section("Skipped: \(outcome.words)", photos.filter { $0.outcome == outcome }) { photo in
                [thumbnail(photo), .text(photo.source), .text(photo.reason ?? "")]
            }
        }
        return Page(
            title: "Preparation of a data set", origin: origin,
            sections: [Page.Section("Summary", [.table(rows(review)), .note(Self.explanation)])]
                + (flagged + skipped).compactMap(\.self) + [people(review)])
    }

    private static let explanation = """
        Sharpness is the variance of the Laplacian of the crop at 112x112. Near-duplicates have difference hashes within \
        \(NearDuplicates.distance) of 64 bits and thumbnails that correlate by \(NearDuplicates.correlation) or more. An image is likely \
        mislabelled where its mean cosine to another person's images (two at least) exceeds that to its own person's other images by the \
        margin; its near-duplicates are left out. Flagged crops stay in the data set unless they were set aside.
        """

    /// So many rows have their pictures.
    private static let rowLimit = 100

    private func section<Item>(_ title: String, _ items: [Item], _ row: (Item) -> [Markup]) -> Page.Section? {
        guard !items.isEmpty else { return nil }
        var content = [
            Markup.table(columns: ["", "photograph", "reason"], items.prefix(Self.rowLimit).map(row))
        ]
        if items.count > Self.rowLimit {
            content.append(
                .note(
                    "and \(items.count - Self.rowLimit) more, which \(DatasetRecord.fileName) and --json tell"
                ))
        }
        return Page.Section("\(title) (\(items.count))", content)
    }

    /// Photographs to be seen beside a flagged one: the one that it doubles, or one each of the two people.
    private func compared(with photo: PreparedPhoto, _ flag: PhotoFlag) -> [PreparedPhoto] {
        if let other = flag.duplicateOf { return photos.filter { $0.source == other } }
        guard let person = flag.looksLike else { return [] }
        let own = photos.first { $0.person == photo.person && $0.crop != nil && $0.source != photo.source }
        return [own, photos.first { $0.person == person && $0.crop != nil }].compactMap(\.self)
    }

    /// The crop, or where there is none the photograph; small.
    private func thumbnail(_ photo: PreparedPhoto) -> Markup {
        let path = photo.crop.flatMap { files.place(of: $0.path) } ?? "\(folder.root)/\(photo.source)"
        guard photo.outcome != .unreadable, let image = try? ImageDecoder().decode(path: path) else {
            return .group([])
        }
        let scale = min(1, 80 / Double(max(image.width, image.height)))
        let small = image.resized(
            width: max(1, Int(Double(image.width) * scale)), height: max(1, Int(Double(image.height) * scale))
        )
        guard let bytes = try? small.pngData() else { return .group([]) }
        return .image(
            bytes, mediaType: "image/png", width: small.width, height: small.height, alternative: photo.source
        )
    }

    private func people(_ review: DatasetReview) -> Page.Section {
        let rows = Dictionary(grouping: zip(photos, review.flags), by: \.0.person)
        return Page.Section(
            "People",
            [
                .table(
                    columns: ["person", "photographs", "aligned", "skipped", "flagged"],
                    folder.people.map { person in
                        let photos = rows[person.name] ?? []
                        let aligned = photos.count { $0.0.crop != nil }
                        return [.text(person.name)]
                            + [photos.count, aligned, photos.count - aligned, photos.count { !$0.1.isEmpty }]
                            .map { .text(String($0)) }
                    })
            ])
    }
}
