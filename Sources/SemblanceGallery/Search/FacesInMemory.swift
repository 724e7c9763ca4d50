import SemblanceCore

/// Faces that live as long as the process, such as those of a folder of photographs.
package struct FacesInMemory: FaceCollection, Sendable {
    package let dimension: Int
    package private(set) var faceCount = 0
    /// In the order of their first faces; a person's key is the place here.
    package private(set) var names: [String] = []
    private var keys: [String: Int] = [:]
    private var people: [Int] = []
    private var photos: [PhotoReference] = []
    private var vectors: [Float] = []

    package init(dimension: Int) { self.dimension = dimension }

    /// - Throws: as `GalleryFile.enroll`.
    package mutating func append(_ face: EnrolledFace) throws(SemblanceError) {
        try face.check(dimension: dimension)
        let person = keys[face.person] ?? names.count
        if person == names.count {
            keys[face.person] = person
            names.append(face.person)
        }
        people.append(person)
        photos.append(face.photo)
        vectors += face.vector
        faceCount += 1
    }

    package func atOneMoment<Result>(_ body: () throws(SemblanceError) -> Result) throws(SemblanceError)
        -> Result
    { try body() }

    package func readTiles(
        of capacity: Int, _ body: (FaceTile) throws(SemblanceError) -> Void
    ) throws(SemblanceError) {
        let tile = FaceTile(capacity: min(capacity, max(faceCount, 1)), dimension: dimension)
        for face in 0..<faceCount {
            guard let target = tile.append(face: Int64(face), person: Int64(people[face])) else { continue }
            vectors.withUnsafeBufferPointer { all in
                _ = target.update(fromContentsOf: all[face * dimension..<(face + 1) * dimension])
            }
            if tile.count == tile.capacity || face == faceCount - 1 {
                try body(tile)
                tile.removeAll()
            }
        }
    }

    package func source(of face: Int64) throws(SemblanceError) -> (person: String, photo: PhotoReference)? {
        guard let place = Int(exactly: face), photos.indices.contains(place) else { return nil }
        return (names[people[place]], photos[place])
    }
}
