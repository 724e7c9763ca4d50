import Foundation
import Semblance
import SemblanceCore
import SemblanceTestSupport
import SemblanceTraining
import Testing

@Suite struct CalibrationTests {
    /// People around directions of their own; every seventh image shows no face.
    private func people(_ count: Int, images: Int, seed: UInt64) -> [String: [Float]] {
        var random = RandomSource(seed: seed)
        var vectors: [String: [Float]] = [:]
        for person in 0..<count {
            let centre = (0..<6).map { _ in random.normal() }
            for image in 0..<images {
                let raw = centre.map { $0 + 0.5 * random.normal() }
                let norm = raw.reduce(0) { $0 + $1 * $1 }.squareRoot()
                vectors["p\(person)/\(image).png"] = vectors.count % 7 == 3 ? [] : raw.map { $0 / norm }
            }
        }
        return vectors
    }

    private func calibration(_ vectors: [String: [Float]], far: Double) throws -> Calibration {
        try FaceTree.with(vectors) { tree in
            try Calibration.measured(
                on: .folder(FaceFolder(root: tree.folder)), falseAcceptRate: far, name: "test",
                detector: "none",
                date: "a day"
            ) { try tree.outcomes($0) }
        }
    }

    @Test func agreesWithCountingAllPairs() throws {
        let vectors = people(20, images: 5, seed: freshSeed("calibration"))
        let calibration = try calibration(vectors, far: 0.003)
        guard case .calibrated(let summary, let points) = calibration else {
            Issue.record("uncalibrated")
            return
        }
        var genuine: [Double] = [], impostor: [Double] = []
        let all = Array(vectors)
        for (index, a) in all.enumerated() {
            for b in all[..<index] {
                let isGenuine = a.key.split(separator: "/")[0] == b.key.split(separator: "/")[0]
                let score = zip(a.value, b.value).reduce(0.0) { $0 + Double($1.0) * Double($1.1) }
                let hasNone = a.value.isEmpty || b.value.isEmpty
                if isGenuine {
                    genuine.append(hasNone ? -9 : score)
                } else if !hasNone {
                    impostor.append(score)
                }
            }
        }
        #expect(
            summary.people == 20 && summary.genuinePairs == 200 && summary.impostorPairs == impostor.count)
        #expect(points.map(\.falseAcceptRate) == [0.1, 0.01, 0.003, 0.001])
        for point in points {
            // Single precision against double.
            let (low, high) = (Double(point.threshold) - 1e-6, Double(point.threshold) + 1e-6)
            let most = point.falseAcceptRate * Double(impostor.count)
            #expect(Double(impostor.count { $0 >= high }) <= most)
            #expect(Double(impostor.count { $0 >= low }) + 1 > most)
            #expect(point.trueAcceptRate <= Double(genuine.count { $0 >= low }) / 200)
            #expect(point.trueAcceptRate >= Double(genuine.count { $0 >= high }) / 200)
        }
        #expect(calibration.recommended?.falseAcceptRate == 0.003)
        let evidence = try #require(summary.evidence)
        #expect(evidence.dataset == "test" && evidence.images == 100 && evidence.imagesWithoutFace == 14)
        #expect(evidence.unreadableImages == 0 && evidence.detector == "none" && evidence.date == "a day")
        // It comes back from a model's file as it was.
        let again = try JSONDecoder().decode(Calibration.self, from: JSONEncoder().encode(calibration))
        #expect(again == calibration)
    }

    @Test func tooFewNegativesAreRefusedWithTheNumberNeeded() throws {
        let vectors = people(5, images: 4, seed: 1)
        let error = #expect(throws: SemblanceError.self) { try calibration(vectors, far: 1e-3) }
        #expect(error?.code == .invalidInput)
        #expect(error?.message.contains("a false accept rate of 0.001 needs 1000") == true)
        #expect(error?.remedy?.contains("--far") == true)
        #expect(try calibration(vectors, far: 0.1).recommended != nil)
    }

    @Test func nobodyTwiceIsRefused() throws {
        let error = #expect(throws: SemblanceError.self) {
            try calibration(people(6, images: 1, seed: 1), far: 0.2)
        }
        #expect(error?.message.contains("no two images of the same person") == true)
    }

    @Test func aListOfPairsWillDo() throws {
        let scored = try scoredList(
            header: "1\t4",
            [
                (true, 0.9), (true, 0.8), (true, 0.3), (true, nil), (false, 0.1), (false, 0.4), (false, 0.2),
                (false, 0.3),
            ])
        let outcomes = zip(scored.list.pairs, scored.scores).flatMap { _, score -> [FaceOutcome] in
            [
                .face(embedding([1, 0])),
                score.map { .face(embedding([$0, (1 - $0 * $0).squareRoot()])) } ?? .noFace,
            ]
        }
        let calibration = try Calibration.measured(
            on: .pairs(scored.list), falseAcceptRate: 0.25, name: "list", detector: "none"
        ) { _ in outcomes }
        // One of four impostor pairs may pass, so the threshold lies just above the second highest; the pair without a score is refused.
        let point = try #require(calibration.recommended)
        #expect(point.threshold == Float(0.3).nextUp && point.trueAcceptRate == 0.5)
        guard case .calibrated(let summary, _) = calibration else { return }
        #expect(summary.people == 12 && summary.genuinePairs == 4 && summary.impostorPairs == 4)
    }

    /// What files before there was evidence hold.
    @Test func olderModelsAreStillRead() throws {
        let text = """
            {"calibrated":{"summary":{"people":3,"genuinePairs":9,"impostorPairs":1000,"accuracy":0.9,"bestThreshold":0.5,\
            "areaUnderCurve":0.95,"equalErrorRate":0.1},"points":[{"falseAcceptRate":0.01,"threshold":0.6,"trueAcceptRate":0.8},\
            {"falseAcceptRate":0.001,"threshold":0.7,"trueAcceptRate":0.7}]}}
            """
        let calibration = try JSONDecoder().decode(Calibration.self, from: Data(text.utf8))
        #expect(calibration.recommended?.falseAcceptRate == 0.001)
        guard case .calibrated(let summary, _) = calibration else { return }
        #expect(summary.evidence == nil)
    }
}
