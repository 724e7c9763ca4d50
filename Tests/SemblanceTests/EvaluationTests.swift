import Foundation
import Semblance
import SemblanceCore
import SemblanceTestSupport
import Testing

@Suite struct PairListTests {
    private func list(_ text: String) throws -> PairList {
        try withTemporaryFolder { folder in
            try Data(text.utf8).write(to: URL(filePath: folder + "/pairs.txt"))
            return try PairList(path: folder + "/pairs.txt", root: "lfw")
        }
    }

    @Test(arguments: ["\n", "\r\n"])
    func readsBothKindsOfLines(lineBreak: String) throws {
        let list = try list(
            ["10\t300", "Ann\t1\t4", "Bob\t2\tAnn\t1", "", "Bob\t2\tCy_Doe\t123", ""].joined(
                separator: lineBreak))
        let paths = [
            "lfw/Ann/Ann_0001.jpg", "lfw/Ann/Ann_0004.jpg", "lfw/Bob/Bob_0002.jpg",
            "lfw/Cy_Doe/Cy_Doe_0123.jpg",
        ]
        #expect(list.paths == paths)
        #expect(list.pairs.map(\.first) == [0, 2, 2] && list.pairs.map(\.second) == [1, 0, 3])
        #expect(list.pairs.map(\.isGenuine) == [true, false, false])
    }

    @Test(arguments: [
        ("1\nAnn\t1\t2\nAnn\t1\n", "line 3: 2 fields"),
        ("1\n\nAnn\t1\t2\tBob\t1\n", "line 3: 5 fields"),
        ("1\nAnn\tone\t2\n", "line 2: one is no image number"),
        ("1\nAnn\t1\tBob\t0\n", "line 2: 0 is no image number"),
        ("1\nAnn\t-1\t2\n", "line 2: -1 is no image number"),
        ("1\n", "holds no pairs"), ("", "holds no pairs"),
    ])
    func badLinesAreNamed(text: String, message: String) {
        let error = #expect(throws: SemblanceError.self) { try list(text) }
        #expect(error?.code == .invalidInput)
        #expect(error?.message.contains("pairs.txt") == true && error?.message.contains(message) == true)
    }

    @Test func aMissingFileIsNamed() {
        let error = #expect(throws: SemblanceError.self) {
            try PairList(path: "/missing/pairs.txt", root: "")
        }
        #expect(error?.code == .invalidInput && error?.message.contains("/missing/pairs.txt") == true)
        #expect(error.map { "\($0)".contains("Error Domain") } == false)
    }

    /// Genuine pairs at 0.8 and 0.4, impostors at 0.6 and 0.
    @Test func scoresAHandComputedList() throws {
        let list = try list("1\nA\t1\t2\nA\t1\t3\nA\t1\tB\t1\nA\t1\tB\t2\n")
        func unit(_ cosine: Float) -> [Float] { [cosine, (1 - cosine * cosine).squareRoot()] }
        let vectors = [unit(1), unit(0.8), unit(0.4), unit(0.6), unit(0)]
        #expect(list.paths.count == vectors.count)
        let scores = try PairScores(list, vectors)
        let report = scores.report(threshold: 0.5)
        #expect(report.genuinePairs == 2 && report.impostorPairs == 2)
        #expect(report.accuracy == 0.5)
        #expect(report.areaUnderCurve == 0.75)
        #expect(report.bestAccuracy == 0.75)
        #expect(report.equalErrorRate == 0.5)
        #expect(scores.report(threshold: 0.7).accuracy == 0.75)
        #expect(scores.report(threshold: 0.3).accuracy == 0.75)
        let none = scores.report(threshold: nil)
        #expect(none.threshold == nil && none.accuracy == nil && none.bestAccuracy == 0.75)
    }
}

@Suite struct ClosedSetTests {
    /// Vectors by the files' names, for a folder whose images are never opened.
    private func report(_ vectors: [String: [Float]]) throws -> ClosedSetReport {
        try withTemporaryFolder { folder in
            for name in vectors.keys {
                let path = folder + "/" + name
                try FileManager.default.createDirectory(
                    atPath: (path as NSString).deletingLastPathComponent, withIntermediateDirectories: true)
                try Data().write(to: URL(filePath: path))
            }
            return try ClosedSetReport(FaceFolder(root: folder)) { paths in
                try paths.map { try #require(vectors[String($0.dropFirst(folder.count + 1))]) }
            }
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
}
