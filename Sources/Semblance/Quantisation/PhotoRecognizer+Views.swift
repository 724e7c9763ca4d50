import SemblanceCore
import SemblanceImaging

/// Ends the reading of photographs.
private struct Enough: Error {}

extension PhotoRecognizer {
    /// The chosen faces of photographs as the model's input shows them; what shows none, or cannot be read, is passed over.
    /// - Parameters:
    ///   - limit: enough.
    ///   - skipped: gets each photograph that cannot be used, and why.
    package func views(
        paths: some Sequence<String>, limit: Int,
        skipped: (_ path: String, SemblanceError) throws(SemblanceError) -> Void
    ) throws -> [ImageView] {
        var views: [ImageView] = []
        do {
            try PhotoReader().read(paths) { photos in
                var read: [(path: String, image: Image)] = []
                for photo in photos {
                    switch photo.image {
                    case .success(let image): read.append((photo.path, image))
                    case .failure(let error): try skipped(photo.path, error)
                    }
                }
                views += try self.views(read, skipped)
                if views.count >= limit { throw Enough() }
            }
        } catch is Enough {}
        return Array(views.prefix(limit))
    }

    private func views(
        _ photos: [(path: String, image: Image)],
        _ skipped: (_ path: String, SemblanceError) throws(SemblanceError) -> Void
    ) throws(SemblanceError) -> [ImageView] {
        let description = recognizer.model.description
        guard let detector, let alignment = description.alignment else {
            return photos.map { _, photo in
                ImageView((crop.map { photo.middle($0) } ?? photo).face(for: description.input))
            }
        }
        var views: [ImageView] = []
        for ((path, photo), faces) in zip(photos, try detector.detect(photos.map(\.image))) {
            let chosen: [DetectedFace]
            do throws(SemblanceError) {
                chosen = try selection.select(faces, width: photo.width, height: photo.height)
            } catch {
                try skipped(path, error)
                continue
            }
            for face in chosen {
                views.append(ImageView(photo, try alignment.transform(of: face.landmarks)))
            }
        }
        return views
    }
}
