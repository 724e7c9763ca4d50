import SemblanceCore

/// What counts as a face, and how closely an image is searched.
public struct DetectionOptions: Sendable, Hashable {
    /// Faces of a lower score are dropped.
    public var scoreThreshold = 0.6
    /// Of two faces that overlap by more than this (intersection over union) the one with the lower score is dropped.
    public var overlapThreshold = 0.3
    /// Only so many of the best candidates are considered.
    public var candidateLimit = 5000
    /// The width of the smallest face that is looked for, in pixels. Images with a longer side than `wholeSide` are searched in
    /// tiles, which a larger value makes fewer: their pixels then stand for `minimumFace` / 20 of the image's.
    public var minimumFace = 20.0
    /// Images are searched as a whole at their own size up to this length of the longer side, larger ones shrunk to it and in tiles.
    public var wholeSide = 2560
    /// Images above this length of the longer side are searched once more at this size, for faces that fill them. 0 for never.
    public var coarseSide = 640

    public init() {}

    /// The search that OpenCV's FaceDetectorYN does: once, at the image's own size.
    public static var single: DetectionOptions {
        var options = DetectionOptions()
        options.wholeSide = .max
        options.coarseSide = 0
        return options
    }

    package func check() throws(SemblanceError) {
        guard (0...1).contains(scoreThreshold), (0...1).contains(overlapThreshold), candidateLimit > 0,
            minimumFace > 0, wholeSide >= 64, coarseSide == 0 || coarseSide >= 64
        else {
            throw SemblanceError(
                .usage, "detection options out of range: \(self)",
                remedy: "thresholds lie from 0 to 1, sizes are positive, and sides at least 64")
        }
    }
}
