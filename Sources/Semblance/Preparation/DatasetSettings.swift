import SemblanceCore

/// What decides how a data set's crops look: other settings make another data set.
package struct DatasetSettings: Sendable, Hashable, Codable {
    /// The folder of the photographs, from the root on.
    package var source: String
    /// The side of the crops, in pixels.
    package var size: Int
    /// Which face of a photograph, or `whole` for the image as it is.
    package var faces: String
    /// Of whole images: the middle square of this fraction of the smaller side.
    package var crop: Double?
    package var detector: String?
    package var scoreThreshold: Double?
    package var minimumFace: Double?
    /// Where the crops have a face's points; nil for whole images.
    package var alignment: Alignment?

    /// Images that are faces as they are, or in their middle.
    package init(source: String, size: Int, wholeImages crop: Double?) {
        self.source = source
        self.size = size
        faces = "whole"
        self.crop = crop
    }

    /// Faces that are detected and aligned.
    package init(
        source: String, size: Int, faces: FaceSelection, detector: String, options: DetectionOptions
    ) {
        self.source = source
        self.size = size
        self.faces = faces.rawValue
        self.detector = detector
        scoreThreshold = options.scoreThreshold
        minimumFace = options.minimumFace
        alignment = .arcFace(size: size)
    }

    /// How faces are found, in words.
    package var method: String {
        guard let detector else {
            return crop.map { "none (middle \($0) of each image)" } ?? "none (whole images)"
        }
        return "\(detector), faces: \(faces)"
    }

    /// What differs, in words.
    package func differences(from other: DatasetSettings) -> [String] {
        func text(_ value: (some CustomStringConvertible)?) -> String { value?.description ?? "none" }
        let pairs = [
            ("the folder of photographs", source, other.source),
            ("--size", text(size), text(other.size)), ("--faces", faces, other.faces),
            ("--crop", text(crop), text(other.crop)), ("the detector", text(detector), text(other.detector)),
            ("--face-score", text(scoreThreshold), text(other.scoreThreshold)),
            ("--min-face", text(minimumFace), text(other.minimumFace)),
        ]
        let differing = pairs.filter { $1 != $2 }.map { "\($0) (\($2) there, \($1) now)" }
        return differing.isEmpty && self != other ? ["the alignment"] : differing
    }
}

extension Alignment {
    /// The same points where the picture is resized from one side to another.
    package func resized(from side: Int, to newSide: Int) -> Alignment {
        guard side != newSide else { return self }
        // Whole numbers are the middles of pixels.
        let scale = Double(newSide) / Double(side)
        func place(_ value: Double) -> Double { (value + 0.5) * scale - 0.5 }
        return Alignment(landmarks: landmarks.map { Point(x: place($0.x), y: place($0.y)) })
    }
}
