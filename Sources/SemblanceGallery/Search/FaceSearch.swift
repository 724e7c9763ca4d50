import SemblanceCore

/// Exact search: every face is compared with every probe.
package enum FaceSearch {
    /// Faces that pass through the device at a time: 16 MiB of 512 numbers, which stay in a last-level cache on their way from the file.
    package static let passing = 8192
    /// Probes compared at once.
    private static let mostProbes = 256

    /// Finds the `count` nearest people to each probe in one reading of the collection, of which only a tile is in memory.
    /// - Parameters:
    ///   - probes: vectors of the collection's dimension.
    ///   - tile: faces in memory at a time.
    /// - Throws: what reading the collection or running on the device throws.
    package static func nearest(
        to probes: [[Float]], among faces: any FaceCollection, count: Int, tile: Int = passing,
        on backend: any Backend
    ) throws(SemblanceError) -> [[FaceHit]] {
        var nearest = probes.map { _ in NearestPeople(count: count) }
        guard count > 0, !probes.isEmpty else { return probes.map { _ in [] } }
        let total = try faces.faceCount
        guard total > 0 else { return probes.map { _ in [] } }
        let capacity = min(tile, total), batch = min(probes.count, mostProbes)
        let comparison = try FaceComparison(
            dimension: faces.dimension, batch: batch, count: min(count, capacity), chunks: 1,
            capacity: capacity,
            on: backend)
        try faces.readTiles(of: capacity) { (tile) throws(SemblanceError) in
            try comparison.load(tile, into: 0)
            for start in stride(from: 0, to: probes.count, by: batch) {
                try comparison.compare(probes[start..<min(start + batch, probes.count)], into: &nearest)
            }
        }
        return nearest.map(\.hits)
    }
}

/// All faces of a collection as they are at one moment, in the device's memory: for many searches.
package final class FaceIndex {
    /// Faces of a chunk: 128 MiB of 512 numbers, which any device takes as one buffer.
    package static let chunk = 65_536

    private let comparison: FaceComparison
    package let dimension: Int

    /// - Parameters:
    ///   - batch: probes compared at once; fewer take as long.
    ///   - count: people found for each, at most.
    ///   - chunk: faces of a buffer on the device.
    /// - Throws: `outOfMemory` where the faces do not fit the device, and what reading the collection throws.
    package init(
        of faces: any FaceCollection, batch: Int, count: Int, chunk size: Int = chunk, on backend: any Backend
    )
        throws(SemblanceError)
    {
        guard (1...4096).contains(batch), count > 0 else {
            throw SemblanceError(
                .usage, "a search of \(count) people for \(batch) probes at once",
                remedy: "choose 1 to 4096 probes")
        }
        dimension = faces.dimension
        comparison = try faces.atOneMoment { () throws(SemblanceError) in
            let total = try faces.faceCount
            let capacity = min(size, max(total, 1))
            let comparison = try FaceComparison(
                dimension: faces.dimension, batch: batch, count: min(count, capacity),
                chunks: (total + capacity - 1) / capacity, capacity: capacity, on: backend)
            var chunk = 0
            try faces.readTiles(of: capacity) { (tile) throws(SemblanceError) in
                try comparison.load(tile, into: chunk)
                chunk += 1
            }
            return comparison
        }
        self.count = count
    }

    private let count: Int

    /// The nearest people to each probe.
    /// - Parameter probes: vectors of the collection's dimension.
    package func nearest(to probes: [[Float]]) throws(SemblanceError) -> [[FaceHit]] {
        var nearest = probes.map { _ in NearestPeople(count: count) }
        for start in stride(from: 0, to: probes.count, by: comparison.batch) {
            try comparison.compare(
                probes[start..<min(start + comparison.batch, probes.count)], into: &nearest)
        }
        return nearest.map(\.hits)
    }
}
