/// Which of many pictures are nearly the same: their hashes differ in few bits, and their thumbnails agree. Hashes alone will not do,
/// for all aligned faces are alike: of 1.2 million pairs of LFW's different photographs 682 differ in at most 8 bits, and none correlates by 0.97.
package struct NearDuplicates: Sendable {
    /// For each picture the others that are nearly the same, in order; of very many only the first `limit` that were found.
    package private(set) var neighbours: [[Int]]
    private static let limit = 64

    /// Copies that were rescaled, recompressed, brightened or cut a pixel aside stay within these.
    package static let distance = 8
    package static let correlation: Float = 0.97

    /// Hashes that differ in `distance` bits are equal in at least one of `distance + 1` bands of bits: only pictures that share a
    /// band are compared.
    package init(_ prints: [PicturePrint]) {
        neighbours = [[Int]](repeating: [], count: prints.count)
        let count = Self.distance + 1
        let bands = (0..<count).map { band -> UInt64 in
            let (low, high) = (band * 64 / count, (band + 1) * 64 / count)
            return ((1 << UInt64(high - low)) - 1) << UInt64(low)
        }
        let hashes = prints.map(\.hash.bits)
        for (number, band) in bands.enumerated() {
            for bucket in Dictionary(grouping: hashes.indices, by: { hashes[$0] & band }).values {
                for (position, first) in bucket.enumerated() {
                    for second in bucket[(position + 1)...] {
                        let difference = hashes[first] ^ hashes[second]
                        guard difference.nonzeroBitCount <= Self.distance else { continue }
                        // An earlier band has found the pair already.
                        guard bands[..<number].allSatisfy({ difference & $0 != 0 }) else { continue }
                        guard
                            prints[first].thumbnail.correlation(with: prints[second].thumbnail)
                                >= Self.correlation
                        else { continue }
                        if neighbours[first].count < Self.limit { neighbours[first].append(second) }
                        if neighbours[second].count < Self.limit { neighbours[second].append(first) }
                    }
                }
            }
        }
        for index in neighbours.indices { neighbours[index].sort() }
    }
}
