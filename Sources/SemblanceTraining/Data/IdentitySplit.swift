import SemblanceCore

/// Who is trained on and who is held out. The split is by identity: no person is on both sides, so the accuracy on
/// the held-out people says how the embedding does on people it has never seen.
package struct IdentitySplit: Sendable {
    /// Indices into the folder's people.
    package let training: [Int]
    package let heldOut: [Int]
    /// Why nobody is held out.
    package let reason: String?

    /// Fewer people than this are all trained on.
    package static let fewestPeople = 6
    /// More held-out people than this add time and little evidence.
    package static let mostHeldOut = 200

    /// - Parameter fraction: of the people, to hold out; at least two are, of those who have two images or more. Zero for none.
    package init(_ folder: FaceFolder, fraction: Double, seed: UInt64) {
        let everybody = Array(folder.people.indices)
        var candidates = everybody.filter { folder.people[$0].images.count > 1 }
        let count = min(max(Int((fraction * Double(everybody.count)).rounded()), 2), Self.mostHeldOut)
        if fraction <= 0 {
            reason = "no people were held out of the training"
        } else if everybody.count < Self.fewestPeople {
            reason =
                "\(everybody.count) people are too few to hold some out (\(Self.fewestPeople) are needed)"
        } else if candidates.count < 2 {
            reason = "fewer than two people have more than one image"
        } else {
            var random = RandomSource(seed: seed, stream: 0x5917)
            candidates.shuffle(using: &random)
            heldOut = candidates.prefix(count).sorted()
            let set = Set(heldOut)
            training = everybody.filter { !set.contains($0) }
            reason = nil
            return
        }
        heldOut = []
        training = everybody
    }
}

/// Pairs of images whose scores say how well same and different people are told apart.
package struct VerificationPairs: Sendable {
    package struct Pair: Sendable, Hashable {
        /// Indices into `paths`.
        package var first: Int
        package var second: Int
    }

    package private(set) var paths: [String] = []
    /// Of each path: the person.
    package private(set) var people: [Int] = []
    package private(set) var genuine: [Pair] = []
    package private(set) var impostor: [Pair] = []

    /// All pairs of the people's images, or a seeded sample of them where there are more than the limits.
    package init(
        _ folder: FaceFolder, people chosen: [Int], seed: UInt64, imagesPerPerson: Int = 20,
        genuineLimit: Int = 20_000, impostorLimit: Int = 200_000
    ) {
        var random = RandomSource(seed: seed, stream: 0x9A12)
        for person in chosen {
            let all = folder.people[person].images.indices
            let images =
                all.count <= imagesPerPerson
                ? Array(all) : all.shuffled(using: &random).prefix(imagesPerPerson).sorted()
            let start = paths.count
            paths += images.map { folder.path(person: person, image: $0) }
            people += images.map { _ in person }
            for second in start..<paths.count {
                for first in start..<second { genuine.append(Pair(first: first, second: second)) }
            }
        }
        let total = paths.count * (paths.count - 1) / 2 - genuine.count
        if genuine.count > genuineLimit {
            genuine = Array(genuine.shuffled(using: &random).prefix(genuineLimit))
        }
        if total <= 2 * impostorLimit {
            for second in paths.indices {
                for first in 0..<second where people[first] != people[second] {
                    impostor.append(Pair(first: first, second: second))
                }
            }
            if total > impostorLimit {
                impostor = Array(impostor.shuffled(using: &random).prefix(impostorLimit))
            }
            return
        }
        var seen = Set<Pair>()
        while impostor.count < impostorLimit {
            let ends = [
                Int.random(in: paths.indices, using: &random), Int.random(in: paths.indices, using: &random),
            ]
            let pair = Pair(first: min(ends[0], ends[1]), second: max(ends[0], ends[1]))
            if people[pair.first] != people[pair.second], seen.insert(pair).inserted { impostor.append(pair) }
        }
    }
    mutating func replace(genuine: [Pair], impostor: [Pair]) {
        self.genuine = genuine
        self.impostor = impostor
    }
}
