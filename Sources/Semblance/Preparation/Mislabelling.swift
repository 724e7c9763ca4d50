import Dispatch
import SemblanceCore
import Synchronization

/// Which images look like somebody else's. For each image: the mean cosine to the other images of its own person, and the largest mean
/// cosine to the images of another person. It is likely mislabelled where the second exceeds the first by `margin` or more.
///
/// Near-duplicates of an image are left out of its means: a copy of it proves nothing about its name. No verdict without another image of
/// its own person; somebody else needs at least `fewestOfOther`, for among thousands of single images one is similar by chance.
package struct Mislabelling: Sendable {
    package struct Verdict: Sendable, Hashable {
        /// Mean cosine to the other images of the image's own person.
        package var own: Float
        /// That to the images of the person whom it resembles most.
        package var other: Float
        package var person: Int
    }

    /// One for each image; nil where there is too little to compare with.
    package let verdicts: [Verdict?]

    private static let fewestOfOther = 2

    /// - Parameters:
    ///   - vectors: unit vectors of one length; empty for an image that has none.
    ///   - people: whose image each is, counted from 0.
    ///   - duplicates: of each image.
    package init(vectors: [[Float]], people: [Int], duplicates: [[Int]]) {
        let sums = PersonSums(vectors, people)
        let chunk = 64
        let chunks = (vectors.count + chunk - 1) / chunk
        let parts = Mutex([[Verdict?]](repeating: [], count: chunks))
        DispatchQueue.concurrentPerform(iterations: chunks) { part in
            let verdicts = (part * chunk..<min((part + 1) * chunk, vectors.count)).map { index in
                sums.verdict(
                    on: vectors[index], of: people[index],
                    without: duplicates[index].filter { !vectors[$0].isEmpty }.map {
                        (people[$0], vectors[$0])
                    })
            }
            parts.withLock { $0[part] = verdicts }
        }
        verdicts = parts.withLock { $0.flatMap(\.self) }
    }

    /// The sum of each person's vectors: its product with a vector is the sum of the cosines.
    private struct PersonSums: Sendable {
        var sums: [Float] = []
        var counts: [Int]
        let length: Int

        init(_ vectors: [[Float]], _ people: [Int]) {
            length = vectors.first { !$0.isEmpty }?.count ?? 0
            counts = [Int](repeating: 0, count: (people.max() ?? -1) + 1)
            sums = [Float](repeating: 0, count: counts.count * length)
            for (vector, person) in zip(vectors, people) where !vector.isEmpty {
                counts[person] += 1
                for (index, value) in vector.enumerated() { sums[person * length + index] += value }
            }
        }

        func verdict(on vector: [Float], of own: Int, without duplicates: [(person: Int, vector: [Float])])
            -> Verdict?
        {
            guard !vector.isEmpty else { return nil }
            var products = counts.indices.map { dot(vector, sums[($0 * length)...]) }
            var counts = counts
            for (person, duplicate) in duplicates + [(own, vector)] {
                products[person] -= dot(vector, duplicate[...])
                counts[person] -= 1
            }
            let others = counts.indices.filter { $0 != own && counts[$0] >= Mislabelling.fewestOfOther }
            func mean(_ person: Int) -> Float { products[person] / Float(counts[person]) }
            guard counts[own] >= 1, let nearest = others.max(by: { mean($0) < mean($1) }) else { return nil }
            return Verdict(own: mean(own), other: mean(nearest), person: nearest)
        }

        private func dot(_ vector: [Float], _ row: ArraySlice<Float>) -> Float {
            vector.withUnsafeBytes { vector in
                row.withUnsafeBytes { row in
                    // Eight sums side by side, for the processor's vectors.
                    var sum = SIMD8<Float>()
                    let size = MemoryLayout<SIMD8<Float>>.size
                    let whole = vector.count / size * size
                    for offset in stride(from: 0, to: whole, by: size) {
                        sum +=
                            vector.loadUnaligned(fromByteOffset: offset, as: SIMD8<Float>.self)
                            * row.loadUnaligned(fromByteOffset: offset, as: SIMD8<Float>.self)
                    }
                    return stride(from: whole, to: vector.count, by: 4).reduce(sum.sum()) { sum, offset in
                        sum + vector.loadUnaligned(fromByteOffset: offset, as: Float.self)
                            * row.loadUnaligned(fromByteOffset: offset, as: Float.self)
                    }
                }
            }
        }
    }
}
