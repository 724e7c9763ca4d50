import Semblance
import SemblanceCore
import SemblanceImaging
import Testing

/// What happens around the detector's network: tiles, suppression, selection.
@Suite struct DetectionPolicyTests {
    private static func face(_ random: inout RandomSource, side: Double = 60) -> DetectedFace {
        let width = Double(random.uniform(4...Float(side)))
        return DetectedFace(
            box: FaceBox(
                x: Double(random.uniform(-20...200)), y: Double(random.uniform(-20...200)), width: width,
                height: width * Double(random.uniform(0.8...1.5))),
            landmarks: [Point](repeating: Point(x: 0, y: 0), count: 5),
            score: Double(random.uniform(0...1)))
    }

    /// By a table of all overlaps on whole pixels, counted pixel by pixel.
    @Test func suppressionKeepsTheBestOfOverlappingFaces() {
        var random = RandomSource(seed: freshSeed("suppression"))
        for _ in 0..<20 {
            let faces = (0..<40).map { _ in Self.face(&random) }
            func pixels(_ face: DetectedFace) -> Set<[Int]> {
                let (x, y) = (Int(face.box.x), Int(face.box.y))
                var result: Set<[Int]> = []
                for row in y..<y + Int(face.box.height) {
                    for column in x..<x + Int(face.box.width) { result.insert([row, column]) }
                }
                return result
            }
            var expected: [DetectedFace] = []
            for face in faces.sorted(by: { $0.score > $1.score }) {
                let own = pixels(face)
                let isNew = expected.allSatisfy { other in
                    let others = pixels(other)
                    return Double(own.intersection(others).count) / Double(own.union(others).count) <= 0.3
                }
                if isNew { expected.append(face) }
            }
            #expect(Suppression.apply(faces, DetectionOptions()) == expected)
        }
        var options = DetectionOptions()
        options.candidateLimit = 3
        let faces = (0..<10).map { _ in Self.face(&random) }
        #expect(Suppression.apply(faces, options).count <= 3)
    }

    /// Every face that is small enough for a tile is whole in one of them.
    @Test(arguments: [(4000, 3000), (8660, 5773), (2561, 100), (100, 9000), (3000, 3000)])
    func tilesShowEverySmallFaceWhole(width: Int, height: Int) {
        var random = RandomSource(seed: freshSeed("tiles of \(width)x\(height)"))
        let passes = DetectionPass.passes(width: width, height: height, DetectionOptions())
        let tiles = passes.filter { $0.level == .tile }
        #expect(!tiles.isEmpty)
        for pass in passes {
            #expect(pass.size.height % 32 == 0 && pass.size.width % 32 == 0)
            // The input's first and last pixel look at the area's first and last.
            let corner = pass.transform(0, 0)
            #expect(abs(corner.x - pass.area.x) <= pass.transform.scale)
            #expect(pass.size.count <= 2560 * 2560)
        }
        for _ in 0..<500 {
            let side = Double(random.uniform(10...min(180, Float(min(width, height)))))
            let face = FaceBox(
                x: Double(random.uniform()) * max(Double(width) - side, 0),
                y: Double(random.uniform()) * max(Double(height) - side, 0), width: side, height: side)
            let isWhole = tiles.contains { tile in
                face.x >= tile.area.x && face.y >= tile.area.y
                    && face.x + side <= tile.area.x + tile.area.width + 0.01
                    && face.y + side <= tile.area.y + tile.area.height + 0.01
                    && !tile.cuts(face, width: width, height: height)
            }
            #expect(isWhole, "\(face)")
        }
    }

    @Test func anImageIsSearchedAtItsOwnSizeFirst() {
        let small = DetectionPass.passes(width: 250, height: 250, DetectionOptions())
        #expect(small.count == 1 && small[0].transform == .identity && small[0].size == Extent(256))
        let middle = DetectionPass.passes(width: 1500, height: 1000, DetectionOptions())
        #expect(middle.map(\.level) == [.whole, .coarse] && middle[0].transform == .identity)
        var options = DetectionOptions()
        options.minimumFace = 100
        #expect(DetectionPass.passes(width: 8000, height: 6000, options).count < 10)
        #expect(DetectionPass.passes(width: 8000, height: 6000, .single).count == 1)
    }

    @Test func badOptionsAreRefused() {
        var options = DetectionOptions()
        options.scoreThreshold = .nan
        #expect(throws: SemblanceError.self) { try options.check() }
        options = DetectionOptions()
        options.minimumFace = 0
        #expect(throws: SemblanceError.self) { try options.check() }
    }

    @Test func facesAreSelected() throws {
        func face(_ x: Double, _ y: Double, _ width: Double) -> DetectedFace {
            DetectedFace(
                box: FaceBox(x: x, y: y, width: width, height: width), landmarks: [], score: 0.9)
        }
        let faces = [face(0, 0, 60), face(90, 90, 20), face(150, 10, 40)]
        func select(_ selection: FaceSelection) throws -> [DetectedFace] {
            try selection.select(faces, width: 200, height: 200)
        }
        #expect(try select(.all) == faces)
        #expect(try select(.largest) == [faces[0]])
        #expect(try select(.central) == [faces[1]])
        #expect(try FaceSelection.only.select([faces[2]], width: 200, height: 200) == [faces[2]])
        #expect(throws: SemblanceError.self) { try select(.only) }
        for selection in FaceSelection.allCases {
            #expect(try selection.select([], width: 10, height: 10).isEmpty)
        }
    }
}
