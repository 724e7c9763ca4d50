import Foundation
import SemblanceCore
import SemblanceImaging
import Synchronization

/// A face in a photograph and what it looks like to a model.
public struct RecognizedFace: Sendable {
    /// Where it is; nil where the image as a whole was taken for the face.
    public var face: DetectedFace?
    public var embedding: Embedding
}

/// From photographs to embeddings: detects faces, aligns and embeds them in batches. Without a detector every image is one face.
public final class PhotoRecognizer: Sendable {
    public let recognizer: FaceRecognizer
    public let detector: FaceDetector?
    /// Which faces count, where there is a detector.
    public let selection: FaceSelection
    /// Without a detector: the middle square of this fraction of the smaller side is the face; nil for the whole image.
    public let crop: Double?

    /// - Throws: `usage` for a detector with a model that knows no alignment.
    public init(
        _ recognizer: FaceRecognizer, detector: FaceDetector?, selection: FaceSelection = .all,
        crop: Double? = nil
    ) throws(SemblanceError) {
        guard detector == nil || recognizer.model.description.alignment != nil else {
            throw SemblanceError(
                .usage,
                "the model \(recognizer.model.identity) was trained on whole images and knows no alignment",
                remedy: "give it face crops (--faces whole) instead of photographs")
        }
        self.recognizer = recognizer
        self.detector = detector
        self.selection = selection
        self.crop = crop
    }

    /// The chosen faces of each photograph, none where it shows none; a failure (`severalFaces`) concerns one photograph alone.
    /// - Throws: what the device throws.
    public func recognize(_ photos: [Image]) throws(SemblanceError) -> [Result<
        [RecognizedFace], SemblanceError
    >] {
        guard let detector else {
            let faces = crop.map { fraction in photos.map { $0.middle(fraction) } } ?? photos
            return try recognizer.embed(faces).map { .success([RecognizedFace(face: nil, embedding: $0)]) }
        }
        let chosen = zip(photos, try detector.detect(photos)).map { photo, faces in
            Result { () throws(SemblanceError) in
                try selection.select(faces, width: photo.width, height: photo.height)
            }
        }
        var work: [(image: Image, face: DetectedFace)] = []
        for (photo, faces) in zip(photos, chosen) {
            for face in (try? faces.get()) ?? [] { work.append((photo, face)) }
        }
        var embeddings = try recognizer.embed(faces: work)[...]
        return chosen.map { faces in
            faces.map { faces in
                faces.compactMap { face in
                    embeddings.popFirst().map { RecognizedFace(face: face, embedding: $0) }
                }
            }
        }
    }

    /// Reads photographs and calls `body` with the chosen faces of each, in order. What cannot be read is a failure of that file alone.
    /// Any number of paths will do: only some photographs are in memory at a time.
    /// - Throws: what the device and `body` throw.
    public func recognize(
        paths: some Sequence<String>, decoder: ImageDecoder = ImageDecoder(),
        _ body: (_ path: String, _ photo: Image?, Result<[RecognizedFace], SemblanceError>) throws -> Void
    ) throws {
        try PhotoReader(decoder: decoder).read(paths) { photos in
            let images = photos.compactMap { try? $0.image.get() }
            var outcomes = try recognize(images)[...]
            for photo in photos {
                switch photo.image {
                case .success(let image):
                    if let outcome = outcomes.popFirst() { try body(photo.path, image, outcome) }
                case .failure(let error): try body(photo.path, nil, .failure(error))
                }
            }
        }
    }
}

/// Decodes files on all cores, a few at a time.
package struct PhotoReader: Sendable {
    package struct Photo: Sendable {
        package var path: String
        package var image: Result<Image, SemblanceError>
    }

    package var decoder: ImageDecoder
    /// The most photographs that are handed over at once.
    package var batch: Int
    /// About as many pixels are in memory at once, beyond a single photograph.
    private static let pixelLimit = 24_000_000

    package init(decoder: ImageDecoder = ImageDecoder(), batch: Int = 16) {
        self.decoder = decoder
        self.batch = batch
    }

    /// Calls `body` with all photographs in order, some at a time.
    package func read(_ paths: some Sequence<String>, _ body: ([Photo]) throws -> Void) rethrows {
        let cores = max(ProcessInfo.processInfo.activeProcessorCount, 1)
        var pending: [Photo] = []
        var pendingPixels = 0
        // How many are decoded at once follows from the size of the last ones.
        var largest = 12_000_000
        var rest = paths.makeIterator()
        while true {
            let wave = min(cores, batch - pending.count, max(Self.pixelLimit / max(largest, 1), 1))
            var next: [String] = []
            while next.count < max(wave, 1), let path = rest.next() { next.append(path) }
            let photos = decode(next)
            largest = photos.map(\.pixels).max() ?? 0
            pendingPixels += photos.reduce(0) { $0 + $1.pixels }
            pending += photos
            guard next.isEmpty || pending.count >= batch || pendingPixels >= Self.pixelLimit else { continue }
            if !pending.isEmpty { try body(pending) }
            if next.isEmpty { return }
            (pending, pendingPixels) = ([], 0)
        }
    }

    private func decode(_ paths: [String]) -> [Photo] {
        let results = Mutex([Photo?](repeating: nil, count: paths.count))
        DispatchQueue.concurrentPerform(iterations: paths.count) { index in
            let image = Result { () throws(SemblanceError) in try decoder.decode(path: paths[index]) }
            results.withLock { $0[index] = Photo(path: paths[index], image: image) }
        }
        return results.withLock { $0.compactMap(\.self) }
    }
}

extension PhotoReader.Photo {
    fileprivate var pixels: Int { (try? image.get()).map { $0.width * $0.height } ?? 0 }
}
