import Foundation
import SemblanceCore
import SemblanceImaging
import SemblanceTraining

/// Turns a folder of labelled photographs into one of crops (`person/photo.png`), and goes on where an earlier run stopped.
/// Photographs are read and never written.
package struct DatasetPreparation {
    package let folder: FaceFolder
    package let output: String
    package let settings: DatasetSettings
    private let cropper: FaceCropper
    private let recognizer: FaceRecognizer?
    private let work: [Work]

    /// A photograph to be prepared.
    private struct Work {
        var path: String
        /// Below the folder of photographs, and the crop's place below the data set.
        var source: String
        var crop: String
        /// Before it was read: a file that changes meanwhile is done again.
        var state: PreparedPhoto.FileState?
    }

    /// How far a run is.
    package struct Progress: Sendable {
        package enum Stage: Sendable { case photos, embeddings }
        package var stage: Stage
        package var done: Int
        package var total: Int
    }

    /// - Parameters:
    ///   - settings: those that `cropper` stands for.
    ///   - recognizer: whose embeddings tell likely mislabelled images; nil for none.
    package init(
        _ folder: FaceFolder, output: String, settings: DatasetSettings, cropper: FaceCropper,
        recognizer: FaceRecognizer?
    ) {
        self.folder = folder
        self.output = output
        self.settings = settings
        self.cropper = cropper
        self.recognizer = recognizer
        work = folder.people.indices.flatMap { index in
            let person = folder.people[index]
            let names = CropNames.names(for: person.images)
            return person.images.indices.map { image in
                Work(
                    path: folder.path(person: index, image: image),
                    source: "\(person.name)/\(person.images[image])", crop: "\(person.name)/\(names[image])")
            }
        }
    }

    /// Does what is missing, and leaves the record complete.
    /// - Returns: all photographs in order, and how many an earlier run had done.
    package func run(onProgress: (Progress) -> Void = { _ in }) throws -> PreparedDataset {
        let record = try DatasetRecord(folder: output, settings: settings)
        let files = DatasetFiles(output)
        let pending = try clearing(record, files)
        var rest = pending[...]
        onProgress(Progress(stage: .photos, done: 0, total: pending.count))
        try PhotoReader(batch: 16).read(pending.map(\.path)) { photos in
            let part = rest.prefix(photos.count)
            rest = rest.dropFirst(photos.count)
            let entries = try prepare(zip(part, photos).map { ($0, $1) }, files)
            try record.add(entries)
            onProgress(
                Progress(stage: .photos, done: pending.count - rest.count, total: pending.count))
        }
        try embedMissing(record, files, onProgress)
        let photos = work.compactMap { record.photos[$0.source] }
        return PreparedDataset(
            folder: folder, settings: settings, photos: photos, model: recognizer?.model.identity,
            earlier: work.count - pending.count, files: files, record: record)
    }

    /// Removes crops whose photographs are gone or have changed.
    /// - Returns: what is to be done.
    private func clearing(_ record: DatasetRecord, _ files: DatasetFiles) throws(SemblanceError) -> [Work] {
        let present = Set(work.map(\.source))
        for photo in record.photos.values where !present.contains(photo.source) {
            if let crop = photo.crop { try files.remove(crop.path) }
        }
        var (pending, kept): ([Work], Set<String>) = ([], [])
        for each in work {
            var each = each
            each.state = PreparedPhoto.FileState(path: each.path)
            if isDone(each, record, files) { kept.insert(each.crop) } else { pending.append(each) }
        }
        for each in pending {
            guard let crop = record.photos[each.source]?.crop, !kept.contains(crop.path) else { continue }
            try files.remove(crop.path)
        }
        return pending
    }

    private func isDone(_ work: Work, _ record: DatasetRecord, _ files: DatasetFiles) -> Bool {
        guard let known = record.photos[work.source], known.outcome != .unreadable,
            known.file == work.state
        else { return false }
        return known.crop.map { $0.path == work.crop && files.place(of: $0.path) != nil } ?? true
    }

    /// Crops some photographs, writes the crops, and says what became of each.
    private func prepare(
        _ photos: [(work: Work, photo: PhotoReader.Photo)], _ files: DatasetFiles
    ) throws -> [PreparedPhoto] {
        var crops = try cropper.crops(of: photos.compactMap { try? $0.photo.image.get() })[...]
        let results = photos.map { photo in
            photo.photo.image.flatMap { _ in
                crops.popFirst() ?? .failure(SemblanceError(.internalFault, "a photograph was lost"))
            }
        }
        var vectors = try embeddings(of: results.compactMap { try? $0.get().image })[...]
        var entries: [PreparedPhoto] = []
        for ((work, _), result) in zip(photos, results) {
            var entry = PreparedPhoto(source: work.source, file: work.state, outcome: .aligned)
            switch result {
            case .success(let crop):
                try files.write(crop.image, to: work.crop)
                entry.crop = PreparedPhoto.Crop(
                    path: work.crop, face: crop.face, print: PicturePrint(of: crop.image),
                    sharpness: crop.image.resized(to: 112).sharpness, embedding: vectors.popFirst())
            case .failure(let error):
                switch error.code {
                case .noFace: entry.outcome = .noFace
                case .severalFaces: entry.outcome = .severalFaces
                case .invalidInput, .unsupportedFormat, .outOfMemory: entry.outcome = .unreadable
                default: throw error
                }
                // The same however the folder was named.
                entry.reason = error.message.replacing(work.path, with: work.source)
            }
            entries.append(entry)
        }
        return entries
    }

    private func embeddings(of crops: [Image]) throws(SemblanceError) -> [StoredEmbedding] {
        guard let recognizer else { return [] }
        return try recognizer.embed(crops: crops, alignment: settings.alignment).map(StoredEmbedding.init)
    }

    /// For crops of an earlier run without this model.
    private func embedMissing(
        _ record: DatasetRecord, _ files: DatasetFiles, _ onProgress: (Progress) -> Void
    ) throws {
        guard let model = recognizer?.model.identity else { return }
        let missing = work.compactMap { record.photos[$0.source] }
            .filter { $0.crop.map { $0.embedding?.model != model } ?? false }
        var rest = missing[...]
        try PhotoReader(batch: 64).read(missing.map { files.place(of: $0.crop?.path ?? "") ?? "" }) { crops in
            let vectors = try embeddings(
                of: crops.map { (crop) throws(SemblanceError) in try crop.image.get() })
            let entries = zip(rest, vectors).map { photo, vector in
                var photo = photo
                photo.crop?.embedding = vector
                return photo
            }
            rest = rest.dropFirst(crops.count)
            try record.add(entries)
            onProgress(
                Progress(stage: .embeddings, done: missing.count - rest.count, total: missing.count))
        }
    }
}

/// Names of crops after those of photographs.
package enum CropNames {
    /// `photo.png` for `photo.jpg`; where photographs differ in their extension alone, `photo.jpg.png`. The same whichever are there already.
    package static func names(for images: [String]) -> [String] {
        let counts = Dictionary(grouping: images, by: stem(of:)).mapValues(\.count)
        var names = FreshNames()
        return images.map { image in
            names.name(stem: counts[stem(of: image)] == 1 ? stem(of: image) : image)
        }
    }
}
