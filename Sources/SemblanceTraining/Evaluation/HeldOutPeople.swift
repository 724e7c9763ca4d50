import Dispatch
import SemblanceCore
import SemblanceImaging
import Synchronization

/// The people that training does not see: their images, decoded once, and the pairs to tell apart.
struct HeldOutPeople: Sendable {
    private let images: [Image]
    private let pairs: VerificationPairs
    private let format: InputFormat
    let peopleCount: Int
    /// Images left out because they cannot be read.
    let skipped: [SkippedImage]

    /// Decodes the images on all cores.
    /// - Throws: under `isStrict`, the error of the first image that cannot be read.
    init(_ pairs: VerificationPairs, format: InputFormat, isStrict: Bool, decode: @escaping FaceDecoder)
        throws(SemblanceError)
    {
        let results = Mutex([Result<Image, SemblanceError>?](repeating: nil, count: pairs.paths.count))
        DispatchQueue.concurrentPerform(iterations: pairs.paths.count) { index in
            let result = Result { () throws(SemblanceError) in try decode(pairs.paths[index], format, 1) }
            results.withLock { $0[index] = result }
        }
        var images: [Image] = []
        var places: [Int?] = []
        var skipped: [SkippedImage] = []
        for (path, result) in zip(pairs.paths, results.withLock({ $0 })) {
            switch result {
            case .success(let image):
                places.append(images.count)
                images.append(image)
            case .failure(let error):
                if isStrict { throw error }
                places.append(nil)
                skipped.append(SkippedImage(path: path, reason: error.description))
            case nil:
                places.append(nil)
            }
        }
        self.images = images
        self.skipped = skipped
        self.format = format
        self.pairs = pairs.moved(to: places)
        peopleCount = Set(zip(pairs.people, places).filter { $0.1 != nil }.map(\.0)).count
    }

    /// The similarities of all pairs under a network.
    func scores(of network: Network, on backend: any Backend) throws(SemblanceError) -> VerificationScores {
        let embedder = try Embedder(
            network, format: format, on: backend, batch: max(min(32, images.count), 1))
        let embeddings = try embedder.embed(images.map { ImageView($0.face(for: format)) })
        func score(_ pair: VerificationPairs.Pair) -> Float {
            similarity(embeddings[pair.first], embeddings[pair.second])
        }
        return VerificationScores(genuine: pairs.genuine.map(score), impostor: pairs.impostor.map(score))
    }
}

extension VerificationPairs {
    /// The pairs whose two images have a new place.
    fileprivate func moved(to places: [Int?]) -> VerificationPairs {
        func moved(_ pairs: [Pair]) -> [Pair] {
            pairs.compactMap { pair in
                guard let first = places[pair.first], let second = places[pair.second] else { return nil }
                return Pair(first: first, second: second)
            }
        }
        var result = self
        result.replace(genuine: moved(genuine), impostor: moved(impostor))
        return result
    }
}
