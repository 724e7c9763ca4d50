import SemblanceCore

/// Some faces of a collection, ready to be compared: what a search takes at a time.
package final class FaceTile {
    package let capacity: Int
    package let dimension: Int
    /// How many faces it holds at the moment.
    package internal(set) var count = 0
    /// Of each face: its key in the collection, and its person's.
    package internal(set) var faces: [Int64]
    package internal(set) var people: [Int64]
    /// [capacity, dimension], of which the first `count` rows count.
    package let vectors: UnsafeMutableBufferPointer<Float>

    package init(capacity: Int, dimension: Int) {
        self.capacity = capacity
        self.dimension = dimension
        faces = [Int64](repeating: 0, count: capacity)
        people = faces
        vectors = .allocate(capacity: capacity * dimension)
        vectors.initialize(repeating: 0)
    }

    deinit { vectors.deallocate() }

    /// The row that the next face goes to; nil when the tile is full.
    package func append(face: Int64, person: Int64) -> UnsafeMutableBufferPointer<Float>? {
        guard count < capacity else { return nil }
        faces[count] = face
        people[count] = person
        count += 1
        return UnsafeMutableBufferPointer(rebasing: vectors[(count - 1) * dimension..<count * dimension])
    }

    package func removeAll() { count = 0 }
}

/// Known faces that can be searched.
package protocol FaceCollection {
    var dimension: Int { get }
    var faceCount: Int { get throws(SemblanceError) }
    /// Runs `body` while nothing changes.
    func atOneMoment<Result>(_ body: () throws(SemblanceError) -> Result) throws(SemblanceError) -> Result
    /// Calls `body` with one tile after another until all faces have passed, in the order of their keys. The tile is filled again for the
    /// next call.
    func readTiles(of capacity: Int, _ body: (FaceTile) throws(SemblanceError) -> Void) throws(SemblanceError)
    /// Whose face it is, and where it was seen.
    func source(of face: Int64) throws(SemblanceError) -> (person: String, photo: PhotoReference)?
}

extension GalleryFile: FaceCollection {
    package func atOneMoment<Result>(_ body: () throws(SemblanceError) -> Result) throws(SemblanceError)
        -> Result
    {
        try database.transaction(writes: false, body)
    }

    /// Reads the table of faces from front to back, as it is at one moment; nothing is kept of what has passed.
    package func readTiles(
        of capacity: Int, _ body: (FaceTile) throws(SemblanceError) -> Void
    ) throws(SemblanceError) {
        let tile = FaceTile(capacity: capacity, dimension: dimension)
        try database.forEachRow("SELECT id, person, vector FROM face ORDER BY id") {
            (row) throws(SemblanceError) in
            if tile.count == capacity {
                try body(tile)
                tile.removeAll()
            }
            guard let target = tile.append(face: row.integer(0), person: row.integer(1)) else { return }
            try copyVector(row.bytes(2), of: row.integer(0), to: target)
        }
        if tile.count > 0 { try body(tile) }
    }

    package func source(of face: Int64) throws(SemblanceError) -> (person: String, photo: PhotoReference)? {
        try entry(id: face).map { ($0.face.person, $0.face.photo) }
    }
}
