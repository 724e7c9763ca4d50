import Dispatch
import Foundation
import SemblanceCore
import SemblanceTraining
import Synchronization

/// People to be found, photographs of them, and photographs of strangers: folders of `person/image`.
public struct IdentificationSet: Sendable {
    public let gallery: FaceFolder
    public let probe: FaceFolder
    public let unknown: FaceFolder?

    /// - Throws: `invalidInput` where somebody of the probes is not in the gallery or somebody unknown is, which would count
    ///   as an error of the model, and where a probe is itself enrolled, which would count as its merit.
    public init(gallery: FaceFolder, probe: FaceFolder, unknown: FaceFolder? = nil) throws(SemblanceError) {
        (self.gallery, self.probe, self.unknown) = (gallery, probe, unknown)
        let known = Set(gallery.people.map(\.name))
        let strangers = probe.people.map(\.name).filter { !known.contains($0) }
        if let first = strangers.first {
            throw SemblanceError(
                .invalidInput,
                "\(first), with \(strangers.count - 1) others of the probes in \(probe.root), is not in the gallery \(gallery.root)",
                remedy: "move who is not enrolled to a folder for --unknown")
        }
        if let unknown, let first = unknown.people.map(\.name).first(where: known.contains) {
            throw SemblanceError(
                .invalidInput,
                "\(first), who is to be unknown (\(unknown.root)), is in the gallery \(gallery.root)",
                remedy: "strangers must not be enrolled")
        }
        let enrolled = Set(gallery.paths.map(Self.file))
        if let path = probe.paths.first(where: { enrolled.contains(Self.file($0)) }) {
            throw SemblanceError(
                .invalidInput, "\(path) is both enrolled and a probe",
                remedy: "give other photographs of the same people to --probe")
        }
    }

    /// The file that a path leads to, through links.
    private static func file(_ path: String) -> String { URL(filePath: path).resolvingSymlinksInPath().path }
}

/// Closed-set and open-set identification: every probe against everybody in the gallery, where the best of a person's enrolled
/// photographs counts.
public struct IdentificationReport: Sendable, Encodable {
    public struct Gallery: Sendable, Encodable {
        public var people: Int
        /// Those with at least one photograph that shows a face.
        public var enrolled: Int
        public var images: FaceCounts
    }

    public struct Rank1: Sendable, Encodable {
        public var rate: Double
        public var interval: ProportionInterval
    }

    public var gallery: Gallery
    public var probes: FaceCounts
    public var unknown: FaceCounts
    /// For ranks 1 to 20 (or as many as there are people) the fraction of all probes whose own person comes at that rank or before.
    /// Others with the same score come before. A probe without a face, or of a person without one, comes at no rank.
    public var cmc: [Double]
    public var rank1: Rank1
    /// The fraction of all probes whose own person comes first and reaches the threshold at which no more than the given fraction
    /// of unknown probes reach it with anybody.
    public var tpirAtFpir: [RateAtRate]
    /// The same for every rate, thinned where there are many.
    public var tpirCurve: [CurvePoint]

    public struct CurvePoint: Sendable, Encodable {
        public var fpir: Double
        public var tpir: Double
        public var threshold: Float
    }

    package static let mostRanks = 20

    /// - Parameter outcomes: gives what became of photographs, by their paths.
    public init(_ set: IdentificationSet, outcomes: ([String]) throws -> [FaceOutcome]) throws {
        let enrolled = try Faces(set.gallery, outcomes), probes = try Faces(set.probe, outcomes)
        let unknown = try set.unknown.map { try Faces($0, outcomes) }
        gallery = Gallery(
            people: set.gallery.people.count, enrolled: Set(enrolled.faces.map(\.person)).count,
            images: enrolled.counts)
        self.probes = probes.counts
        self.unknown = unknown?.counts ?? FaceCounts([])

        let own = probes.search(enrolled)
        // Rank 0 is first.
        var atRank = [Int](repeating: 0, count: min(Self.mostRanks, set.gallery.people.count))
        for result in own {
            if let rank = result.rank, rank < atRank.count { atRank[rank] += 1 }
        }
        let total = probes.counts.total
        var found = 0
        cmc = atRank.map { count in
            found += count
            return Double(found) / Double(max(total, 1))
        }
        rank1 = Rank1(
            rate: cmc.first ?? 0, interval: ProportionInterval(successes: atRank.first ?? 0, of: total))

        let strangers = unknown?.search(enrolled).compactMap(\.best) ?? []
        let right = own.map { $0.rank == 0 ? $0.best ?? -.infinity : -.infinity }
        let missed = [Float](repeating: -.infinity, count: total - own.count)
        let scores = VerificationScores(genuine: right + missed, impostor: strangers)
        tpirAtFpir = [1e-1, 1e-2, 1e-3].map { RateAtRate(.tpirAtFpir, scores, limit: $0) }
        tpirCurve =
            strangers.isEmpty
            ? []
            : scores.thinnedCurve.map { CurvePoint(fpir: $0.far, tpir: $0.tar, threshold: $0.threshold) }
    }

    /// A folder's faces with the names of their people.
    private struct Faces {
        var faces: [(person: String, vector: [Float])] = []
        var counts: FaceCounts

        init(_ folder: FaceFolder, _ outcomes: ([String]) throws -> [FaceOutcome]) throws {
            let names = folder.people.flatMap { person in person.images.map { _ in person.name } }
            let all = try outcomes(folder.paths)
            counts = FaceCounts(all)
            for (name, outcome) in zip(names, all) {
                if let vector = outcome.vector { faces.append((name, vector)) }
            }
        }

        /// For each face the highest score in the gallery and the rank of its own person; nil where there is none.
        func search(_ gallery: Faces) -> [(best: Float?, rank: Int?)] {
            let names = Array(Set(gallery.faces.map(\.person)))
            let places = Dictionary(uniqueKeysWithValues: zip(names, names.indices))
            let people = gallery.faces.map { places[$0.person] ?? 0 }
            let results = Mutex([(best: Float?, rank: Int?)](repeating: (nil, nil), count: faces.count))
            DispatchQueue.concurrentPerform(iterations: faces.count) { index in
                var scores = [Float](repeating: -.infinity, count: names.count)
                for (person, face) in zip(people, gallery.faces) {
                    scores[person] = max(scores[person], similarity(face.vector, faces[index].vector))
                }
                let own = places[faces[index].person]
                let rank = own.map { own in
                    scores.indices.count { $0 != own && scores[$0] >= scores[own] }
                }
                let best = scores.max()
                results.withLock { $0[index] = (best, rank) }
            }
            return results.withLock(\.self)
        }
    }
}

extension FaceFolder {
    /// All images, person by person.
    var paths: [String] {
        people.indices.flatMap { person in
            people[person].images.indices.map { path(person: person, image: $0) }
        }
    }
}
