import SemblanceCore

/// Which of the faces in a photograph count.
public enum FaceSelection: String, Sendable, CaseIterable {
    /// All of them, best first.
    case all
    /// The one with the largest box.
    case largest
    /// The one nearest the middle, where half its width makes up for distance: the rule for LFW's photographs.
    case central
    /// The only one; several are an error.
    case only

    /// - Throws: `severalFaces` where `only` finds several.
    package func select(_ faces: [DetectedFace], width: Int, height: Int) throws(SemblanceError)
        -> [DetectedFace]
    {
        switch self {
        case .all: return faces
        case .largest: return faces.max { $0.box.area < $1.box.area }.map { [$0] } ?? []
        case .central:
            func distance(_ face: DetectedFace) -> Double {
                let (x, y) = (face.box.centre.x - Double(width) / 2, face.box.centre.y - Double(height) / 2)
                return (x * x + y * y).squareRoot() - face.box.width / 2
            }
            return faces.min { distance($0) < distance($1) }.map { [$0] } ?? []
        case .only:
            guard faces.count <= 1 else {
                throw SemblanceError(
                    .severalFaces, "\(faces.count) faces, and one is wanted",
                    remedy: "crop the photograph, or choose among them with --faces largest or central")
            }
            return faces
        }
    }
}
