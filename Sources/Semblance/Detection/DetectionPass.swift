import Foundation
import SemblanceCore

/// One look at an image, or at a tile of it.
package struct DetectionPass {
    package enum Level: Int {
        /// The image as a whole, at its own size or nearly so.
        case whole
        /// The image much shrunk, for faces that fill it.
        case coarse
        /// A tile of the image, for small faces.
        case tile
    }

    package var level: Level
    /// The detector's input: multiples of 32, black beyond what the pass shows.
    package var size: Extent
    /// From the input's pixels to the image's.
    package var transform: AffineMap
    /// What the pass shows, in pixels of the image.
    package var area: FaceBox

    /// A tile's side, and how far neighbours overlap, in the detector's pixels: faces up to the overlap are whole in one of them, and
    /// the pass over the whole image finds those above it.
    private static let tileSide = 1024
    private static let tileOverlap = 192
    /// What the detector finds of its own accord: faces from about this width up.
    private static let smallestFace = 20.0

    /// The passes over an image of `width` x `height` pixels.
    package static func passes(width: Int, height: Int, _ options: DetectionOptions) -> [DetectionPass] {
        let longer = max(width, height)
        func whole(_ level: Level, side: Int) -> DetectionPass {
            let scale = max(1, Double(longer) / Double(side))
            return DetectionPass(
                level, x: 0, y: 0, width: Double(width), height: Double(height), scale: scale)
        }
        var passes = [whole(.whole, side: options.wholeSide)]
        if options.coarseSide > 0, longer > options.coarseSide, options.coarseSide < options.wholeSide {
            passes.append(whole(.coarse, side: options.coarseSide))
        }
        let scale = max(1, options.minimumFace / smallestFace)
        if Double(longer) > Double(options.wholeSide) * scale {
            for rows in spans(height, scale: scale) {
                for columns in spans(width, scale: scale) {
                    passes.append(
                        DetectionPass(
                            .tile, x: columns.start, y: rows.start, width: columns.length,
                            height: rows.length,
                            scale: scale))
                }
            }
        }
        return passes
    }

    private init(_ level: Level, x: Double, y: Double, width: Double, height: Double, scale: Double) {
        self.level = level
        func padded(_ length: Double) -> Int {
            (max(Int((length / scale).rounded(.down)), 1) + 31) / 32 * 32
        }
        size = Extent(padded(height), padded(width))
        transform = .enlargement(by: scale).followed(
            by: AffineMap(a: 1, b: 0, c: x, d: 0, e: 1, f: y))
        area = FaceBox(x: x, y: y, width: width, height: height)
    }

    /// Even parts of a side, each at most a tile long, that overlap.
    private static func spans(_ length: Int, scale: Double) -> [(start: Double, length: Double)] {
        let tile = Double(tileSide) * scale, step = Double(tileSide - tileOverlap) * scale
        let total = Double(length)
        guard total > tile else { return [(0, total)] }
        let count = Int(((total - tile) / step).rounded(.up)) + 1
        return (0..<count).map { index in
            (((total - tile) * Double(index) / Double(count - 1)).rounded(.down), tile)
        }
    }

    /// Whether a face touches an edge of the tile that is none of the image: a neighbour shows it whole.
    package func cuts(_ face: FaceBox, width: Int, height: Int) -> Bool {
        guard level == .tile else { return false }
        let margin = 2.0
        return (area.x > 0 && face.x < area.x + margin)
            || (area.y > 0 && face.y < area.y + margin)
            || (area.x + area.width < Double(width) && face.x + face.width > area.x + area.width - margin)
            || (area.y + area.height < Double(height) && face.y + face.height > area.y + area.height - margin)
    }
}
