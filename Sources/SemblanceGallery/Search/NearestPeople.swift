/// A person found, by the best of their faces.
package struct FaceHit: Sendable, Hashable {
    /// Keys in the collection.
    package var face: Int64
    package var person: Int64
    /// The inner product: the cosine of unit vectors.
    package var score: Float
}

/// The nearest people to one probe among the tiles so far: each tile's best people, merged.
struct NearestPeople {
    private let count: Int
    /// The best first; of equals, the one whose face came first.
    private(set) var hits: [FaceHit] = []

    init(count: Int) { self.count = count }

    /// Takes in a tile's best, in the order of the tiles.
    mutating func merge(_ hit: FaceHit) {
        if hits.count == count, let last = hits.last, hit.score <= last.score { return }
        if let known = hits.firstIndex(where: { $0.person == hit.person }) {
            guard hit.score > hits[known].score else { return }
            hits.remove(at: known)
        }
        let place = hits.firstIndex { hit.score > $0.score } ?? hits.count
        hits.insert(hit, at: place)
        if hits.count > count { hits.removeLast() }
    }
}
