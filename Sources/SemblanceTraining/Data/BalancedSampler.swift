import SemblanceCore

/// The order in which training visits images. In an epoch a person with n images is visited in proportion to sqrt(n), so that somebody
/// with a thousand images counts ten times, not a hundred times, as much as somebody with ten; an epoch is as
/// many visits as there are images, and at least one of each person. All of a person's images take their turn before one is
/// seen again within an epoch.
///
/// The order depends on the seed and the epoch alone, so a run resumes in the middle of any epoch.
package struct BalancedSampler: Sendable {
    package struct Sample: Sendable, Hashable {
        /// The class: an index into the counts.
        package var label: Int
        /// An index into that person's images.
        package var image: Int
    }

    /// Visits of each person in an epoch.
    package let quotas: [Int]
    private let counts: [Int]
    private let seed: UInt64

    /// - Precondition: every person has an image.
    package init(counts: [Int], seed: UInt64) {
        self.counts = counts
        self.seed = seed
        let total = counts.reduce(0, +)
        let weights = counts.map { Double($0).squareRoot() }
        let sum = weights.reduce(0, +)
        let shares = weights.map { $0 / sum * Double(total) }
        // Rounded down, what is missing goes to the largest remainders.
        var quotas = shares.map { max(Int($0), 1) }
        let order = shares.indices.sorted {
            (shares[$1] - shares[$1].rounded(.down), $0) < (shares[$0] - shares[$0].rounded(.down), $1)
        }
        for index in order.prefix(max(total - quotas.reduce(0, +), 0)) { quotas[index] += 1 }
        self.quotas = quotas
    }

    package func stepCount(batch: Int) -> Int { (quotas.reduce(0, +) + batch - 1) / batch }

    /// The samples of an epoch, a multiple of `batch`: the last batch is filled up from the epoch's beginning.
    package func samples(epoch: Int, batch: Int) -> [Sample] {
        var samples: [Sample] = []
        var random = RandomSource(seed: seed, stream: 0x5A3B_0000_0000 &+ UInt64(epoch))
        for (label, quota) in quotas.enumerated() {
            var remaining = quota
            while remaining > 0 {
                let images = (0..<counts[label]).shuffled(using: &random).prefix(remaining)
                samples += images.map { Sample(label: label, image: $0) }
                remaining -= images.count
            }
        }
        samples.shuffle(using: &random)
        let count = samples.count
        for index in 0..<stepCount(batch: batch) * batch - count { samples.append(samples[index % count]) }
        return samples
    }
}
