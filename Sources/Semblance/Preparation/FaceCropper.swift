import SemblanceCore
import SemblanceImaging

/// Makes one square crop of each photograph.
package struct FaceCropper: Sendable {
    package struct Crop: Sendable {
        package var image: Image
        /// nil where the image as a whole was taken for the face.
        package var face: DetectedFace?
    }

    package typealias Detect = @Sendable ([Image]) throws(SemblanceError) -> [[DetectedFace]]

    private enum Method: Sendable {
        case faces(Detect, FaceSelection, FaceAligner)
        case whole(fraction: Double?)
    }

    package let size: Int
    private let method: Method

    /// - Parameter faces: `all` is no choice: a photograph gives one crop.
    package init(_ faces: FaceSelection, aligner: FaceAligner, detect: @escaping Detect) {
        size = aligner.size
        method = .faces(detect, faces, aligner)
    }

    /// - Parameter fraction: of the smaller side, for a square in the middle; nil for the whole image.
    package init(wholeImages fraction: Double?, size: Int) {
        self.size = size
        method = .whole(fraction: fraction)
    }

    /// A crop in RGB of each photograph, or why there is none (`noFace`, `severalFaces`).
    package func crops(of photos: [Image]) throws(SemblanceError) -> [Result<Crop, SemblanceError>] {
        switch method {
        case .whole(let fraction):
            return photos.map { photo in
                let part = fraction.map { photo.middle($0) } ?? photo
                return .success(Crop(image: part.rgb().resized(to: size), face: nil))
            }
        case .faces(let detect, let selection, let aligner):
            let chosen = zip(photos, try detect(photos)).map { photo, faces in
                Result { () throws(SemblanceError) in
                    let faces = try selection.select(faces, width: photo.width, height: photo.height)
                    guard let face = faces.first else { throw SemblanceError(.noFace, "no face found") }
                    guard (try? aligner.alignment.transform(of: face.landmarks)) != nil else {
                        throw SemblanceError(.noFace, "a face whose points lie in one place")
                    }
                    return face
                }
            }
            let work = zip(photos, chosen).compactMap { photo, face in
                (try? face.get()).map { (image: photo, face: $0) }
            }
            var images = try aligner.align(work)[...]
            return chosen.map { face in
                face.flatMap { face in
                    images.popFirst().map { .success(Crop(image: $0, face: face)) }
                        ?? .failure(SemblanceError(.internalFault, "a face was not aligned"))
                }
            }
        }
    }
}

extension FaceRecognizer {
    /// Embeds crops that show a face at the points of `alignment`, or as a whole.
    package func embed(crops: [Image], alignment: Alignment?) throws(SemblanceError) -> [Embedding] {
        guard let alignment, model.description.alignment != nil else { return try embed(crops) }
        return try embed(
            faces: crops.map { crop in
                let box = FaceBox(x: 0, y: 0, width: Double(crop.width), height: Double(crop.height))
                return (crop, DetectedFace(box: box, landmarks: alignment.landmarks, score: 1))
            })
    }
}
