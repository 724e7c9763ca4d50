import Foundation
import SemblanceCore
import SemblanceGallery
import SemblanceTestSupport

let someModel = ModelIdentity(architecture: "small", fingerprint: "0123456789abcdef")
let anotherModel = ModelIdentity(architecture: "large", fingerprint: "fedcba9876543210")

/// A random generator whose seed is printed, so that a failure can be had again.
func seededRandom(_ test: String = #function) -> RandomSource {
    let seed = UInt64.random(in: .min ... .max)
    print("\(test): seed \(seed)")
    return RandomSource(seed: seed)
}

extension RandomSource {
    mutating func unitVector(_ dimension: Int) -> [Float] {
        let values = (0..<dimension).map { _ in Double(normal()) }
        let length = values.reduce(0) { $0 + $1 * $1 }.squareRoot()
        return values.map { Float($0 / length) }
    }

    mutating func face(_ person: String, _ path: String, dimension: Int, number: Int = 0) -> EnrolledFace {
        let box = FaceBox(
            x: Double(uniform(-5...900)), y: Double(uniform(0...900)), width: Double(uniform(20...90)),
            height: 31.5)
        return EnrolledFace(
            person: person,
            photo: PhotoReference(
                path: path, face: number, box: Bool.random(using: &self) ? box : nil,
                contentHash: path.utf8.count % 2 == 0 ? "hash of \(path)" : nil),
            vector: unitVector(dimension),
            added: Date(timeIntervalSince1970: Double(Int.random(in: 0...2_000_000_000, using: &self))))
    }
}

extension GalleryFile {
    /// Everything that is enrolled, in the order of the keys.
    func everything() throws -> [EnrolledFace] {
        var all: [Entry] = []
        for person in try people() { all += try entries(of: person.name) }
        return all.sorted { $0.id < $1.id }.map(\.face)
    }
}

/// The error that `body` throws.
func failure(_ body: () throws -> Void) -> SemblanceError? {
    do {
        try body()
        return nil
    } catch {
        return error as? SemblanceError
    }
}
