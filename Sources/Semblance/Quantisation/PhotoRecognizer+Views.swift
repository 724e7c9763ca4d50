import SemblanceCore
import SemblanceImaging

/// Ends the reading of photographs.
private struct Enough: Error {}

extension PhotoRecognizer {
    /// The chosen faces of photographs as the model's input shows them; what shows none, or cannot be read, is passed over.
    /// - Parameter limit: enough.
    package func views(paths: some Sequence<String>, limit: Int) throws -> [ImageView] {
        var views: [ImageView] = []
        do {
            try PhotoReader().read(paths) { photos in
                views += try self.views(photos.compactMap { try? $0.image.get() })
                if views.count >= limit { throw Enough() }
            }
        } catch is Enough {}
        return Array(views.prefix(limit))
    }

    private func views(_ photos: [Image]) throws(SemblanceError) -> [ImageView] {
        let description = recognizer.model.description
        guard let detector, let alignment = description.alignment else {
            return photos.map { photo in
                ImageView((crop.map { photo.middle($0) } ?? photo).face(for: description.input))
            }
        }
        var views: [ImageView] = []
        for (photo, faces) in zip(photos, try detector.detect(photos)) {
            let chosen = try? selection.select(faces, width: photo.width, height: photo.height)
            for face in chosen ?? [] {
                views.append(ImageView(photo, try alignment.transform(of: face.landmarks)))
            }
        }
        return views
    }
}
