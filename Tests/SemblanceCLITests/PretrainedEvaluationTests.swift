import Foundation
import SemblanceTestSupport
import Testing

private let environment = ProcessInfo.processInfo.environment
private let models = environment["SEMBLANCE_MODELS"] ?? ""
private let faces = (environment["SEMBLANCE_DATA"] ?? "") + "/lfw-devtest"
private let isReady =
    FileManager.default.fileExists(atPath: faces + "/opencv5-sface-scores.txt")
    && FileManager.default.fileExists(atPath: models + "/sface.onnx")

/// The whole way from photographs to an accuracy, against the scores that OpenCV gives with the same models.
@Suite(
    .enabled(
        if: isReady,
        "needs the pretrained models and the faces of lfw-devtest (SEMBLANCE_MODELS and SEMBLANCE_DATA name their folders)"
    ))
struct PretrainedEvaluationTests {
    /// Every tenth pair: the whole list takes a minute.
    @Test func scoresAreOpenCVs() throws {
        let lines = try String(contentsOfFile: faces + "/pairs.txt", encoding: .utf8).split(separator: "\n")
        let all = try String(contentsOfFile: faces + "/opencv5-sface-scores.txt", encoding: .utf8)
            .split(separator: "\n").map { Double($0) }
        let chosen = stride(from: 3, to: 1000, by: 10)
        let expected = try chosen.map { try #require(all[$0]) }
        try withTemporaryFolder { folder in
            let list = (["50"] + chosen.map { String(lines[$0 + 1]) }).joined(separator: "\n")
            try Data(list.utf8).write(to: URL(filePath: folder + "/pairs.txt"))
            let outcome = try Tool.run(
                [
                    "evaluate", faces + "/images", "--pairs", "pairs.txt", "--scores", "scores.txt", "--json",
                    "--threshold", "0.363", "--threads", "1",
                ], in: folder, environment: ["SEMBLANCE_MODELS": models])
            #expect(outcome.code == 0, "\(outcome.errors)")
            let report = try #require(try outcome.objects.first)
            #expect((report["pairs"] as? [String: Any])?["scored"] as? Int == 100)
            let scores = try String(contentsOfFile: folder + "/scores.txt", encoding: .utf8)
                .split(separator: "\n").map { Double($0) ?? .nan }
            #expect(scores.count == 100)
            for (score, other) in zip(scores, expected) { #expect(abs(score - other) < 0.01) }
            // Right is what OpenCV has right, but for pairs on the threshold itself.
            let right = zip(expected, expected.indices).count { ($0 >= 0.363) == ($1 < 50) }
            let close = expected.count { abs($0 - 0.363) < 0.01 }
            let at = try #require((report["thresholds"] as? [[String: Any]])?.first?["accuracy"] as? Double)
            #expect(abs(at * 100 - Double(right)) <= Double(close) + 1e-9)
        }
    }
}
