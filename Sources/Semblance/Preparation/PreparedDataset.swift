import SemblanceCore
import SemblanceTraining

/// A data set with all of its photographs done: what is left is to judge it and to report.
package struct PreparedDataset {
    package let folder: FaceFolder
    package let settings: DatasetSettings
    /// In the order of the folder.
    package let photos: [PreparedPhoto]
    /// Whose embeddings the crops have.
    package let model: ModelIdentity?
    /// How many an earlier run had done.
    package let earlier: Int
    package let files: DatasetFiles
    let record: DatasetRecord

    /// How many photographs came to what.
    package struct Counts: Sendable, Hashable, Encodable {
        package var people = 0
        package var photos = 0
        package var aligned = 0
        package var noFace = 0
        package var severalFaces = 0
        package var unreadable = 0
        package var flagged = 0
        package var nearDuplicate = 0
        package var twoNames = 0
        package var blur = 0
        /// nil where no model could tell.
        package var mislabelled: Int?
        /// People without a single crop.
        package var peopleWithoutCrop = 0
    }

    package func counts(_ review: DatasetReview) -> Counts {
        func count(_ outcome: PreparedPhoto.Outcome) -> Int { photos.count { $0.outcome == outcome } }
        func count(_ kind: PhotoFlag.Kind) -> Int {
            review.flags.count { $0.contains { $0.kind == kind } }
        }
        let withCrop = Set(photos.filter { $0.crop != nil }.map(\.person))
        return Counts(
            people: folder.people.count, photos: photos.count, aligned: count(.aligned),
            noFace: count(.noFace), severalFaces: count(.severalFaces), unreadable: count(.unreadable),
            flagged: review.flags.count { !$0.isEmpty }, nearDuplicate: count(.nearDuplicate),
            twoNames: count(.twoNames), blur: count(.blur),
            mislabelled: model == nil ? nil : count(.mislabelled),
            peopleWithoutCrop: folder.people.count - withCrop.count)
    }

    /// Sets flagged crops aside (or takes all back), and completes the record.
    package func finish(_ review: DatasetReview, dropsFlagged: Bool) throws(SemblanceError) {
        for (photo, flags) in zip(photos, review.flags) {
            guard let crop = photo.crop else { continue }
            try files.move(crop.path, aside: dropsFlagged && !flags.isEmpty)
        }
        try record.finish(with: photos)
    }

    /// Where a model that is trained on images of a folder, as a whole, expects the points of a face; nil where the folder does not say
    /// that its images are aligned, or the input is no square.
    package static func alignment(of folder: String, for input: InputFormat) throws(SemblanceError)
        -> Alignment?
    {
        guard input.width == input.height, let settings = try DatasetRecord.settings(of: folder) else {
            return nil
        }
        return settings.alignment?.resized(from: settings.size, to: input.width)
    }
}
