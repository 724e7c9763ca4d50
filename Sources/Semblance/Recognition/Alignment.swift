import SemblanceCore

/// Where a network expects the five points of a face: what a face is turned, scaled and moved to.
public struct Alignment: Sendable, Hashable, Codable {
    /// Eye, eye, nose, corner and corner of the mouth; of the pairs the one on the image's left first.
    public var landmarks: [Point]

    public init(landmarks: [Point]) { self.landmarks = landmarks }

    /// The points of ArcFace's (Deng et al., 2019) 112x112 crops, for an input of another size scaled with it.
    public static func arcFace(size: Int = 112) -> Alignment {
        let scale = Double(size) / 112
        let points = [
            (38.2946, 51.6963), (73.5318, 51.5014), (56.0252, 71.7366), (41.5493, 92.3655),
            (70.7299, 92.2041),
        ]
        return Alignment(landmarks: points.map { Point(x: $0.0 * scale, y: $0.1 * scale) })
    }

    /// From the pixels of the aligned face to those of the image: the inverse of the similarity that brings the face's points nearest
    /// to the template's in the least squares (Umeyama, 1991, without reflections).
    /// - Throws: `invalidInput` for points that all lie in one place.
    public func transform(of landmarks: [Point]) throws(SemblanceError) -> AffineMap {
        func mean(_ points: [Point]) -> Point {
            let count = Double(points.count)
            return Point(
                x: points.reduce(0) { $0 + $1.x } / count, y: points.reduce(0) { $0 + $1.y } / count)
        }
        guard landmarks.count == self.landmarks.count, !landmarks.isEmpty else {
            throw SemblanceError(
                .invalidInput, "\(landmarks.count) points of a face, and \(self.landmarks.count) are needed")
        }
        let (from, to) = (mean(landmarks), mean(self.landmarks))
        var (along, across, spread) = (0.0, 0.0, 0.0)
        for (point, target) in zip(landmarks, self.landmarks) {
            let (x, y) = (point.x - from.x, point.y - from.y)
            let (u, v) = (target.x - to.x, target.y - to.y)
            along += x * u + y * v
            across += x * v - y * u
            spread += x * x + y * y
        }
        // The similarity is (along, -across; across, along) / spread; its inverse has the same form.
        let size = along * along + across * across
        guard spread > 0, size > 0, size.isFinite else {
            throw SemblanceError(.invalidInput, "the points of the face lie in one place: \(landmarks)")
        }
        let (a, b) = (along * spread / size, across * spread / size)
        return AffineMap(
            a: a, b: b, c: from.x - a * to.x - b * to.y, d: -b, e: a, f: from.y + b * to.x - a * to.y)
    }
}
