import Foundation
import Semblance
import SemblanceTestSupport
import Testing

@Suite struct QuantiseTests {
    private func quantise(_ arguments: [String], in folder: String) throws -> Tool.Outcome {
        try Tool.run(
            ["quantise", Fixture.root + "/data", "--faces", "whole", "--model", Fixture.root + "/m.onnx"]
                + arguments + Fixture.device, in: folder)
    }

    @Test func writesAModelThatSaysWhatChanged() throws {
        try withTemporaryFolder { folder in
            let outcome = try quantise(
                ["--output", "int8.onnx", "--difference", "0.5", "--json"], in: folder)
            #expect(outcome.code == 0, "\(outcome.errors)")
            let report = try #require(try outcome.objects.first)
            let summary = try #require(report["quantisation"] as? [String: Any])
            // Eight people with four images each: one half sets the levels.
            #expect(summary["faces"] as? Int == 16 && summary["measured_faces"] as? Int == 16)
            #expect(try #require(summary["layers"] as? [String]).count > 0)
            let loss = try #require(summary["loss"] as? Double)
            #expect(loss > 0 && loss < 0.5)

            let before = try RecognitionModel(path: Fixture.root + "/m.onnx")
            let after = try RecognitionModel(path: folder + "/int8.onnx")
            #expect(after.identity != before.identity)
            #expect(after.description.calibration.recommended == nil)
            #expect(try Tool.run(["info", "int8.onnx"], in: folder).output.contains("quantised    "))

            // Another model, yet nearly the same embeddings.
            func embedding(_ model: String) throws -> [Double] {
                let image = try Fixture.root + "/data/person03/02.png"
                let outcome = try Tool.run(
                    ["embed", image, "--faces", "whole", "--model", model, "--json"] + Fixture.device,
                    in: folder)
                return try #require(try outcome.objects.first?["embedding"] as? [Double])
            }
            let (old, new) = try (embedding(Fixture.root + "/m.onnx"), embedding("int8.onnx"))
            let cosine = zip(old, new).reduce(0) { $0 + $1.0 * $1.1 }
            #expect(old != new && cosine > 0.9, "\(cosine)")

            let again = try Tool.run(
                [
                    "quantise", Fixture.root + "/data", "--faces", "whole", "--model", "int8.onnx",
                    "--output",
                    "twice.onnx",
                ] + Fixture.device, in: folder)
            #expect(again.code == 1 && again.errors.contains("is quantised already"), "\(again.errors)")
            #expect(try !folderHolds("twice.onnx", folder))
        }
    }

    @Test func refusesWhatCannotServe() throws {
        try withTemporaryFolder { folder in
            let few = try Tool.run(
                [
                    "quantise", Fixture.root + "/two", "--faces", "whole", "--model",
                    Fixture.root + "/m.onnx", "--output", "int8.onnx",
                ] + Fixture.device, in: folder)
            #expect(few.code == 1 && few.errors.contains("6 faces are too few"), "\(few.errors)")
            let strict = try quantise(["--output", "int8.onnx", "--difference", "1e-6"], in: folder)
            #expect(
                strict.code == 1 && strict.errors.contains("allow a larger difference"), "\(strict.errors)")
            let nowhere = try quantise(["--output", "missing/int8.onnx"], in: folder)
            #expect(nowhere.code == 1 && nowhere.errors.contains("missing"), "\(nowhere.errors)")
            #expect(try quantise([], in: folder).code == 2)
            #expect(try FileManager.default.contentsOfDirectory(atPath: folder).isEmpty)
        }
    }

    @Test func tellsWhatItPassesOverAndKeepsTheModel() throws {
        try withTemporaryFolder { folder in
            try Data("no image".utf8).write(to: URL(filePath: folder + "/bad.png"))
            let outcome = try quantise(
                ["bad.png", "missing.png", "--output", "int8.onnx", "--difference", "1e-3"], in: folder)
            #expect(outcome.code == 1 && outcome.errors.contains("bad.png"), "\(outcome.errors)")
            #expect(outcome.errors.contains("missing.png") && outcome.output.contains("wrote "))
            let strict = try quantise(
                ["bad.png", "--strict", "--output", "strict.onnx", "--difference", "0.5"], in: folder)
            #expect(strict.code == 1 && strict.errors.contains("bad.png"))
            #expect(try !folderHolds("strict.onnx", folder))

            let model = folder + "/model.onnx"
            try FileManager.default.copyItem(atPath: Fixture.root + "/m.onnx", toPath: model)
            let bytes = try Data(contentsOf: URL(filePath: model))
            try FileManager.default.createSymbolicLink(
                atPath: folder + "/link.onnx", withDestinationPath: model)
            let same = try Tool.run(
                [
                    "quantise", Fixture.root + "/data", "--faces", "whole", "--model", model, "--output",
                    "link.onnx",
                ] + Fixture.device, in: folder)
            #expect(same.code == 2 && same.errors.contains("the model itself"), "\(same.errors)")
            #expect(try Data(contentsOf: URL(filePath: model)) == bytes)
        }
    }
}
