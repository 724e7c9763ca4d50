import Foundation
import Semblance
import SemblanceCore
import SemblanceImaging
import Testing

@Suite struct AlignmentTests {
    /// Points that are a similarity away from the template: the transform is that similarity.
    @Test func recoversASimilarity() throws {
        var random = RandomSource(seed: freshSeed("similarity"))
        let alignment = Alignment.arcFace()
        for _ in 0..<100 {
            let (a, b) = (Double(random.uniform(-3...3)), Double(random.uniform(-3...3)))
            guard a * a + b * b > 0.01 else { continue }
            let map = AffineMap(
                a: a, b: -b, c: Double(random.uniform(-500...500)), d: b, e: a,
                f: Double(random.uniform(-500...500)))
            let points = alignment.landmarks.map { point in
                let moved = map(point.x, point.y)
                return Point(x: moved.x, y: moved.y)
            }
            let found = try alignment.transform(of: points)
            for (x, y) in [(0.0, 0.0), (111, 0), (0, 111), (50, 60)] {
                let (got, want) = (found(x, y), map(x, y))
                #expect(abs(got.x - want.x) < 1e-6 && abs(got.y - want.y) < 1e-6)
            }
        }
    }

    /// Of points that fit badly: no small change of the similarity brings them nearer to the template.
    @Test func isTheLeastSquaresSolution() throws {
        var random = RandomSource(seed: freshSeed("least squares"))
        let alignment = Alignment.arcFace()
        for _ in 0..<50 {
            let points = (0..<5).map { _ in
                Point(x: Double(random.uniform(0...300)), y: Double(random.uniform(0...300)))
            }
            let inverse = try alignment.transform(of: points)
            // Forward: from the image to the template.
            let size = inverse.a * inverse.a + inverse.b * inverse.b
            let (a, b) = (inverse.a / size, inverse.b / size)
            let forward = (
                a: a, b: b, x: -(a * inverse.c - b * inverse.f), y: -(b * inverse.c + a * inverse.f)
            )
            func error(_ a: Double, _ b: Double, _ x: Double, _ y: Double) -> Double {
                zip(points, alignment.landmarks).reduce(0) { sum, pair in
                    let u = a * pair.0.x - b * pair.0.y + x - pair.1.x
                    let v = b * pair.0.x + a * pair.0.y + y - pair.1.y
                    return sum + u * u + v * v
                }
            }
            let best = error(forward.a, forward.b, forward.x, forward.y)
            for step in [-1e-4, 1e-4] {
                #expect(error(forward.a + step, forward.b, forward.x, forward.y) >= best)
                #expect(error(forward.a, forward.b + step, forward.x, forward.y) >= best)
                #expect(error(forward.a, forward.b, forward.x + step, forward.y) >= best)
                #expect(error(forward.a, forward.b, forward.x, forward.y + step) >= best)
            }
        }
    }

    @Test func pointsInOnePlaceAreRefused() {
        let points = [Point](repeating: Point(x: 3, y: 4), count: 5)
        #expect(throws: SemblanceError.self) { try Alignment.arcFace().transform(of: points) }
        #expect(throws: SemblanceError.self) { try Alignment.arcFace().transform(of: []) }
        let wild = [Point](repeating: Point(x: .nan, y: 4), count: 5)
        #expect(throws: SemblanceError.self) { try Alignment.arcFace().transform(of: wild) }
    }

    /// A picture whose colours are linear in x and y looks the same through any view, bilinear or averaged.
    @Test(arguments: [0.4, 1, 1.7, 3.2, 9])
    func cropsShowWhatTheTransformSays(scale: Double) throws {
        var random = RandomSource(seed: freshSeed("crops at scale \(scale)"))
        let side = 1400
        var pixels = [UInt8](repeating: 0, count: side * side * 3)
        for row in 0..<side {
            for column in 0..<side {
                let index = (row * side + column) * 3
                pixels[index] = UInt8(column * 255 / side)
                pixels[index + 1] = UInt8(row * 255 / side)
                pixels[index + 2] = 200
            }
        }
        let image = try Image(width: side, height: side, channels: 3, pixels: pixels)
        let angle = Double(random.uniform(-3...3))
        let (a, b) = (scale * cos(angle), scale * sin(angle))
        // The middle of the crop looks at the middle of the picture.
        let middle = 55.5
        let map = AffineMap(
            a: a, b: -b, c: 700 - a * middle + b * middle, d: b, e: a, f: 700 - b * middle - a * middle)
        let points = Alignment.arcFace().landmarks.map { point in
            let moved = map(point.x, point.y)
            return Point(x: moved.x, y: moved.y)
        }
        let face = DetectedFace(
            box: FaceBox(x: 0, y: 0, width: 1, height: 1), landmarks: points, score: 1)
        let aligner = try FaceAligner(device: SelectedDevice(.cpu), batch: 2)
        let crops = try aligner.align([(image, face), (image, face), (image.grey(), face)])
        #expect(crops.count == 3 && crops[0] == crops[1])
        for row in stride(from: 0, to: 112, by: 7) {
            for column in stride(from: 0, to: 112, by: 5) {
                let place = map(Double(column), Double(row))
                // Away from the picture's edge, where black is mixed in.
                let inside = 12 + 2 * scale..<Double(side) - 12 - 2 * scale
                guard inside.contains(place.x), inside.contains(place.y) else { continue }
                let index = (row * 112 + column) * 3
                #expect(abs(Double(crops[0].pixels[index]) - place.x * 255 / Double(side)) < 2.5)
                #expect(abs(Double(crops[0].pixels[index + 1]) - place.y * 255 / Double(side)) < 2.5)
                #expect(abs(Int(crops[0].pixels[index + 2]) - 200) <= 1)
            }
        }
        // Far outside everything is black.
        let outside = DetectedFace(
            box: face.box, landmarks: points.map { Point(x: $0.x + 90_000, y: $0.y) }, score: 1)
        #expect(try aligner.align([(image, outside)])[0].pixels.allSatisfy { $0 == 0 })
    }
}
