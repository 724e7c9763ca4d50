import SemblanceCore

/// A place in an image, in pixels; whole numbers are the centres of pixels.
public struct Point: Sendable, Hashable, Codable {
    public var x: Double
    public var y: Double

    public init(x: Double, y: Double) {
        self.x = x
        self.y = y
    }
}

extension FaceBox {
    public var centre: Point { Point(x: x + width / 2, y: y + height / 2) }
    public var area: Double { width * height }

    /// The area that both cover.
    func overlap(_ other: FaceBox) -> Double {
        let columns = min(x + width, other.x + other.width) - max(x, other.x)
        let rows = min(y + height, other.y + other.height) - max(y, other.y)
        return max(columns, 0) * max(rows, 0)
    }
}

/// A face found in an image.
public struct DetectedFace: Sendable, Hashable, Codable {
    public var box: FaceBox
    /// Eye, eye, nose, corner and corner of the mouth; of the pairs the one on the image's left first.
    public var landmarks: [Point]
    /// How sure the detector is, from 0 to 1.
    public var score: Double

    public init(box: FaceBox, landmarks: [Point], score: Double) {
        self.box = box
        self.landmarks = landmarks
        self.score = score
    }
}
