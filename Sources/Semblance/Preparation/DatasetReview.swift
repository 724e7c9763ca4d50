import SemblanceCore

/// Something about a crop that its owner should look at.
package struct PhotoFlag: Sendable, Hashable, Encodable {
    package enum Kind: String, Sendable, Hashable, Encodable, CaseIterable {
        case nearDuplicate = "near_duplicate"
        case twoNames = "two_names"
        case blur
        case mislabelled

        /// A section's heading in the report.
        package var title: String {
            switch self {
            case .nearDuplicate: "Near-duplicates"
            case .twoNames: "The same picture under two names"
            case .blur: "Blurred"
            case .mislabelled: "Likely mislabelled"
            }
        }
    }

    package var kind: Kind
    /// In words.
    package var reason: String
    /// The photograph that it is a duplicate of.
    package var duplicateOf: String?
    package var sharpness: Double?
    /// Of likely mislabelled ones: mean cosines, and whom they look like.
    package var ownSimilarity: Float?
    package var otherSimilarity: Float?
    package var looksLike: String?
}

/// Judges the crops of a whole data set: near-duplicates, blur, likely wrong names. It depends on the photographs alone, not on the
/// order or number of the runs that prepared them.
package struct DatasetReview: Sendable {
    /// From where on a crop is flagged.
    package struct Limits: Sendable, Hashable {
        /// The variance of the Laplacian at 112x112 below which a crop is blurred. Of LFW's photographs 0.5 % are below 25.
        package var sharpness = 25.0
        /// How much more a crop must look like somebody else, in mean cosines. With SFace one of 947 of LFW's photographs with another
        /// of the same person reaches 0.25; of photographs with a wrong name 99 % reach 0.4.
        package var margin: Float = 0.25

        package init() {}
    }

    package let limits: Limits
    /// One list for each photograph.
    package let flags: [[PhotoFlag]]

    /// - Parameters:
    ///   - photos: in order. Of near-duplicates of one person all but the first are flagged, of two people's all: which name is right,
    ///     nobody knows.
    ///   - model: whose embeddings are compared; nil leaves likely wrong names out.
    package init(_ photos: [PreparedPhoto], model: ModelIdentity?, limits: Limits = Limits()) {
        self.limits = limits
        var flags = [[PhotoFlag]](repeating: [], count: photos.count)
        let crops = photos.indices.compactMap { index in photos[index].crop.map { (index: index, crop: $0) } }
        let duplicates = NearDuplicates(crops.map(\.crop.print)).neighbours
        for (place, (index, crop)) in crops.enumerated() {
            func person(_ other: Int) -> String { photos[crops[other].index].person }
            let own = photos[index].person
            if let other = duplicates[place].first(where: { $0 < place && person($0) == own }) {
                flags[index].append(.nearDuplicate(.nearDuplicate, of: photos[crops[other].index].source))
            }
            if let other = duplicates[place].first(where: { person($0) != own }) {
                flags[index].append(.nearDuplicate(.twoNames, of: photos[crops[other].index].source))
            }
            if crop.sharpness < limits.sharpness {
                flags[index].append(.blur(crop.sharpness, limits.sharpness))
            }
        }
        if let model {
            let names = Set(photos.map(\.person)).sorted()
            let numbers = Dictionary(uniqueKeysWithValues: names.enumerated().map { ($1, $0) })
            let vectors = crops.map { crop in
                crop.crop.embedding.flatMap { $0.model == model ? $0.vector : nil } ?? []
            }
            let verdicts = Mislabelling(
                vectors: vectors, people: crops.map { numbers[photos[$0.index].person] ?? 0 },
                duplicates: duplicates
            ).verdicts
            for ((index, _), verdict) in zip(crops, verdicts) {
                guard let verdict, verdict.other - verdict.own >= limits.margin else { continue }
                flags[index].append(.mislabelled(verdict, like: names[verdict.person]))
            }
        }
        self.flags = flags
    }
}

extension PhotoFlag {
    fileprivate static func nearDuplicate(_ kind: Kind, of source: String) -> PhotoFlag {
        let reason = kind == .twoNames ? "the same picture as \(source)" : "nearly the same as \(source)"
        return PhotoFlag(kind: kind, reason: reason, duplicateOf: source)
    }

    fileprivate static func blur(_ sharpness: Double, _ limit: Double) -> PhotoFlag {
        PhotoFlag(
            kind: .blur, reason: String(format: "sharpness %.1f, below %g", sharpness, limit),
            sharpness: sharpness)
    }

    fileprivate static func mislabelled(_ verdict: Mislabelling.Verdict, like person: String) -> PhotoFlag {
        PhotoFlag(
            kind: .mislabelled,
            reason: String(
                format: "mean cosine %.2f to its own person's images, %.2f to those of \(person)",
                Double(verdict.own), Double(verdict.other)),
            ownSimilarity: verdict.own, otherSimilarity: verdict.other, looksLike: person)
    }
}
