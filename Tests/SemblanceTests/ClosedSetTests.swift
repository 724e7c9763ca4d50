import Foundation
import Semblance
import SemblanceTestSupport
import Testing

@Suite struct ClosedSetTests {
    private func report(_ vectors: [String: [Float]]) throws -> ClosedSetReport {
        try FaceTree.with(vectors) { tree in
            try ClosedSetReport(FaceFolder(root: tree.folder)) { try tree.outcomes($0) }
        }
    }

    @Test func countsTheHandComputedCase() throws {
        // At these angles: with a/1 (0) and b/1 (90) enrolled, a/2 (60) is taken for b and b/2 (80) is right.
        // With a/2 and b/2: a/1 (0) is right, b/1 (90) is right, b/3 (20) is taken for a.
        let angles = ["a/1.png": 0.0, "a/2.png": 60, "b/1.png": 90, "b/2.png": 80, "b/3.png": 20]
        let vectors = angles.mapValues { [Float(cos($0 * .pi / 180)), Float(sin($0 * .pi / 180))] }
        let report = try report(vectors)
        #expect(report.people == 2 && report.images == 5)
        // Two choices, as many as the person with the fewest images has; three probes each.
        #expect(report.rank1.count == 2)
        #expect(abs(report.rank1[0] - 1.0 / 3) < 1e-12)
        #expect(abs(report.rank1[1] - 2.0 / 3) < 1e-12)
        #expect(abs(report.mean - 0.5) < 1e-12)
    }

    @Test func aTieIsNoRecognition() throws {
        let report = try report(
            ["a/1.png": [1, 0], "a/2.png": [1, 0], "b/1.png": [1, 0], "b/2.png": [1, 0]])
        #expect(report.rank1 == [0, 0] && report.mean == 0)
    }

    @Test func oneImageEachLeavesNoProbes() throws {
        let report = try report(["a/1.png": [1, 0], "b/1.png": [0, 1]])
        #expect(report.rank1 == [0] && report.mean == 0)
    }

    /// As `countsTheHandComputedCase`, but a/2 shows no face: as a probe it is wrong, and enrolled it makes a/1 wrong.
    @Test func aPhotographWithoutAFaceIsWrong() throws {
        let report = try report(["a/1.png": [1, 0], "a/2.png": [], "b/1.png": [0, 1], "b/2.png": [0, 1]])
        #expect(report.rank1 == [0.5, 0.5])
        #expect(report.faces.total == 4 && report.faces.scored == 3 && report.faces.noFace == 1)
        #expect(report.description.contains("1 images without a face"))
    }
}
