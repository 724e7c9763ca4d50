import Foundation
import SemblanceCore

/// What the detector YuNet (Wu, Peng, Yu, 2023) says, turned into faces: anchor-free heads at strides 8, 16 and 32, each cell with a
/// class and an object score, a box and five points.
enum YuNet {
    static let strides = [8, 16, 32]
    /// Values of a cell by output.
    static let heads = [("cls", 1), ("obj", 1), ("bbox", 4), ("kps", 10)]

    /// The outputs of one image at one stride, row by row.
    struct Head {
        var classScores: ArraySlice<Float>
        var objectScores: ArraySlice<Float>
        /// Four values a cell.
        var boxes: ArraySlice<Float>
        /// Ten values a cell.
        var points: ArraySlice<Float>
    }

    /// The faces above the score threshold, in the input's pixels: strides in order, rows from the top.
    /// - Precondition: as many values in `heads` as the size has cells.
    static func faces(_ heads: [Head], size: Extent, scoreThreshold: Double) -> [DetectedFace] {
        var faces: [DetectedFace] = []
        for (stride, head) in zip(strides, heads) {
            let columns = size.width / stride, unit = Double(stride)
            let scores = zip(head.classScores, head.objectScores)
            for (cell, (classScore, objectScore)) in scores.enumerated() {
                let score = (clamped(classScore) * clamped(objectScore)).squareRoot()
                guard score > scoreThreshold else { continue }
                let (column, row) = (Double(cell % columns), Double(cell / columns))
                let box = head.boxes.dropFirst(4 * cell).prefix(4).map { Double($0) }
                let points = head.points.dropFirst(10 * cell).prefix(10).map { Double($0) }
                let (width, height) = (exp(box[2]) * unit, exp(box[3]) * unit)
                let face = DetectedFace(
                    box: FaceBox(
                        x: (column + box[0]) * unit - width / 2, y: (row + box[1]) * unit - height / 2,
                        width: width, height: height),
                    landmarks: (0..<5).map {
                        Point(x: (column + points[2 * $0]) * unit, y: (row + points[2 * $0 + 1]) * unit)
                    }, score: score)
                // A damaged model's numbers may be anything.
                if face.isSound { faces.append(face) }
            }
        }
        return faces
    }

    private static func clamped(_ score: Float) -> Double { Double(min(max(score, 0), 1)) }
}

extension DetectedFace {
    /// Finite and of a size that an image can have.
    fileprivate var isSound: Bool {
        let limit = 1e6
        return abs(box.x) < limit && abs(box.y) < limit && box.width < limit && box.height < limit
            && landmarks.allSatisfy { abs($0.x) < limit && abs($0.y) < limit }
    }
}

/// Non-maximum suppression, best first.
package enum Suppression {
    /// Drops every face that overlaps a better one by more than `threshold`, which as in OpenCV is measured on whole pixels. Faces of
    /// the same score stay in their order.
    package static func apply(_ faces: [DetectedFace], _ options: DetectionOptions) -> [DetectedFace] {
        let sorted = faces.enumerated().sorted {
            ($1.element.score, $0.offset) < ($0.element.score, $1.offset)
        }
        var kept: [(face: DetectedFace, box: FaceBox)] = []
        for (_, face) in sorted.prefix(options.candidateLimit) {
            let box = face.box.truncated
            let isNew = kept.allSatisfy { other in
                let overlap = box.overlap(other.box), union = box.area + other.box.area - overlap
                return union > 0 && overlap <= options.overlapThreshold * union
            }
            if isNew { kept.append((face, box)) }
        }
        return kept.map(\.face)
    }

    /// Adds faces of another pass over the same image. A face that is there already stays as it is; of a face and a part of one, such
    /// as an eye that looks like a face when it is large, the better one stays.
    package static func merge(
        _ faces: [DetectedFace], into result: inout [DetectedFace], _ options: DetectionOptions
    ) {
        for face in faces {
            func isSame(_ other: DetectedFace) -> Bool {
                let overlap = face.box.overlap(other.box)
                return overlap > options.overlapThreshold * (face.box.area + other.box.area - overlap)
            }
            guard !result.contains(where: isSame) else { continue }
            func isNested(_ other: DetectedFace) -> Bool {
                face.box.overlap(other.box) > 0.6 * min(face.box.area, other.box.area)
            }
            let nested = result.filter(isNested)
            guard nested.allSatisfy({ $0.box.area < face.box.area && $0.score < face.score }) else {
                continue
            }
            result.removeAll(where: isNested)
            result.append(face)
        }
    }
}

extension FaceBox {
    /// Each number cut to a whole one, towards zero.
    fileprivate var truncated: FaceBox {
        FaceBox(
            x: x.rounded(.towardZero), y: y.rounded(.towardZero), width: width.rounded(.towardZero),
            height: height.rounded(.towardZero))
    }
}
