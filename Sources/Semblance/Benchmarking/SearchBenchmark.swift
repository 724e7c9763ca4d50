import Foundation
import SemblanceCore
import SemblanceGallery

/// Exact search among random faces, one a person, to be timed: in the device's memory, or from a gallery file that is not in the
/// system's cache.
public final class SearchBenchmark {
    private let index: FaceIndex
    private let probes: [[Float]]

    /// Puts so many faces into the device's memory.
    /// - Throws: `outOfMemory` where they do not fit.
    public init(faces: Int, dimension: Int, probes count: Int, people: Int, on device: any Backend)
        throws(SemblanceError)
    {
        let random = RandomFaces(dimension: dimension, faceCount: faces)
        index = try FaceIndex(of: random, batch: count, count: people, on: device)
        probes = (0..<count).map { random.vector(-1 - $0) }
    }

    /// One search of all probes.
    /// - Returns: seconds.
    public func run() throws(SemblanceError) -> Double {
        try Self.seconds { () throws(SemblanceError) in _ = try index.nearest(to: probes) }
    }

    /// The time of one search in a file, from opening it, beside that of reading its bytes, both from the disk.
    public struct ColdTimes: Sendable, Codable {
        public var bytes: Int
        public var reading: Double
        public var search: Double
    }

    /// Enrolls so many random faces in a new file.
    public static func makeGallery(_ path: String, faces: Int, dimension: Int) throws(SemblanceError) {
        let random = RandomFaces(dimension: dimension, faceCount: faces)
        let file = try GalleryFile(path: path, creatingFor: Self.model, dimension: dimension)
        let batch = 5000
        for start in stride(from: 0, to: faces, by: batch) {
            try file.enroll(
                (start..<min(start + batch, faces)).map { face in
                    EnrolledFace(
                        person: "person \(face)",
                        photo: PhotoReference(path: "/photos/\(face / 100)/\(face).jpg"),
                        vector: random.vector(face))
                })
        }
    }

    private static let model = ModelIdentity(architecture: "random", fingerprint: "0000000000000000")

    /// Reads a gallery's bytes, and searches it for one probe, each after the system has let go of what it kept of the file.
    public static func cold(_ path: String, people: Int, on device: any Backend) throws(SemblanceError)
        -> ColdTimes
    {
        var bytes = 0
        try evict(path)
        let reading = try seconds { () throws(SemblanceError) in bytes = try readAll(path) }
        try evict(path)
        let search = try seconds { () throws(SemblanceError) in
            let file = try GalleryFile(path: path, for: .reading)
            let probe = RandomFaces(dimension: file.dimension, faceCount: 0).vector(-1)
            _ = try Gallery(file: file).search(
                [Embedding(values: probe, model: file.model)], count: people, on: device)
        }
        return ColdTimes(bytes: bytes, reading: reading, search: search)
    }

    private static func opened(_ path: String) throws(SemblanceError) -> Int32 {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else {
            throw SemblanceError(.invalidInput, "cannot read \(path): \(String(cString: strerror(errno)))")
        }
        return descriptor
    }

    private static func evict(_ path: String) throws(SemblanceError) {
        let descriptor = try opened(path)
        defer { close(descriptor) }
        fsync(descriptor)
        posix_fadvise(descriptor, 0, 0, POSIX_FADV_DONTNEED)
    }

    private static func readAll(_ path: String) throws(SemblanceError) -> Int {
        let descriptor = try opened(path)
        defer { close(descriptor) }
        var buffer = [UInt8](repeating: 0, count: 1 << 20), total = 0
        while true {
            let count = buffer.withUnsafeMutableBytes { read(descriptor, $0.baseAddress, $0.count) }
            guard count > 0 else { return total }
            total += count
        }
    }

    private static func seconds(_ body: () throws(SemblanceError) -> Void) throws(SemblanceError) -> Double {
        let start = DispatchTime.now().uptimeNanoseconds
        try body()
        return Double(DispatchTime.now().uptimeNanoseconds - start) * 1e-9
    }
}

/// Faces that are made as they are read: each depends on its key alone.
private struct RandomFaces: FaceCollection {
    let dimension: Int
    let faceCount: Int

    /// Of length 1, in a direction that has little to do with the others'.
    func vector(_ key: Int) -> [Float] {
        var state = UInt64(bitPattern: Int64(key)) &* 0x9E37_79B9_7F4A_7C15 | 1
        var values = [Float](repeating: 0, count: dimension)
        var squares: Float = 0
        for index in values.indices {
            // Marsaglia's xorshift: quick, which counts for half a billion numbers.
            state ^= state << 13
            state ^= state >> 7
            state ^= state << 17
            values[index] = Float(Int32(truncatingIfNeeded: state >> 32)) * 0x1p-31
            squares += values[index] * values[index]
        }
        let scale = 1 / squares.squareRoot()
        for index in values.indices { values[index] *= scale }
        return values
    }

    func atOneMoment<Result>(_ body: () throws(SemblanceError) -> Result) throws(SemblanceError) -> Result {
        try body()
    }

    func readTiles(of capacity: Int, _ body: (FaceTile) throws(SemblanceError) -> Void) throws(SemblanceError)
    {
        let tile = FaceTile(capacity: capacity, dimension: dimension)
        for face in 0..<faceCount {
            if tile.count == capacity {
                try body(tile)
                tile.removeAll()
            }
            _ = tile.append(face: Int64(face), person: Int64(face))?.update(fromContentsOf: vector(face))
        }
        if tile.count > 0 { try body(tile) }
    }

    func source(of face: Int64) throws(SemblanceError) -> (person: String, photo: PhotoReference)? { nil }
}
