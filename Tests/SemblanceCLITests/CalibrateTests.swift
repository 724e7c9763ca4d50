import Foundation
import Semblance
import SemblanceTestSupport
import Testing

@Suite struct CalibrateTests {
    private func withModel(
        _ name: String = "new.onnx", _ body: (_ folder: String, _ model: String) throws -> Void
    )
        throws
    {
        try withTemporaryFolder { folder in
            try FileManager.default.copyItem(
                atPath: Fixture.root + "/" + name, toPath: folder + "/model.onnx")
            try body(folder, folder + "/model.onnx")
        }
    }

    @Test func storesThresholdsInTheModel() throws {
        try withModel { folder, model in
            let before = try RecognitionModel(path: model)
            let data = try Fixture.root + "/data"
            let outcome = try Tool.run(
                [
                    "calibrate", "--model", model, "--images", data, "--far", "0.01", "--date", "2026-01-02",
                    "--json",
                ] + Fixture.device, in: folder)
            #expect(outcome.code == 0, "\(outcome.errors)")
            let report = try #require(try outcome.objects.first)
            #expect(report["false_accept_rate"] as? Double == 0.01)
            let after = try RecognitionModel(path: model)
            #expect(after.identity == before.identity && after.description.input == before.description.input)
            let point = try #require(after.description.calibration.recommended)
            #expect(point.falseAcceptRate == 0.01)
            #expect(Float(try #require(report["threshold"] as? Double)) == point.threshold)

            let info = try Tool.run(["info", model], in: folder)
            // Eight people with four images each.
            #expect(info.output.contains("data, 2026-01-02: 48 genuine and 448 impostor pairs of 8 people"))
            #expect(
                info.output.contains(
                    "32 images, 0 without a face, 0 unreadable; detector none (whole images)"))
            #expect(info.output.contains("at FAR 0.01: accepts") && info.output.contains("<- default"))
            let verify = try Tool.run(
                ["verify", "--model", model, data + "/person00/00.png", data + "/person00/00.png"]
                    + Fixture.device, in: folder)
            #expect(verify.output.contains("(FAR 0.01)"))
            #expect(try FileManager.default.contentsOfDirectory(atPath: folder) == ["model.onnx"])
        }
    }

    @Test func writesElsewhereAndLeavesTheModel() throws {
        try withModel { folder, model in
            let before = try Data(contentsOf: URL(filePath: model))
            let outcome = try Tool.run(
                [
                    "calibrate", "--model", model, try Fixture.root + "/data", "--far", "0.05", "--output",
                    "other.onnx", "--name", "eight people",
                ] + Fixture.device, in: folder)
            #expect(
                outcome.code == 0 && outcome.output.contains("eight people: 48 genuine"), "\(outcome.errors)")
            #expect(outcome.output.contains("wrote        other.onnx"))
            #expect(try Data(contentsOf: URL(filePath: model)) == before)
            #expect(
                try RecognitionModel(path: folder + "/other.onnx").description.calibration.recommended != nil)
        }
    }

    @Test func tooFewPairsLeaveTheModelAsItWas() throws {
        try withModel("m.onnx") { folder, model in
            let before = try Data(contentsOf: URL(filePath: model))
            let outcome = try Tool.run(
                ["calibrate", "--model", model, try Fixture.root + "/data"] + Fixture.device, in: folder)
            #expect(outcome.code == 1 && outcome.output.isEmpty)
            #expect(
                outcome.errors.contains(
                    "data has 448 pairs of different people, and a false accept rate of 0.001 needs 1000"))
            #expect(try Data(contentsOf: URL(filePath: model)) == before)
        }
    }

    @Test func aPlaceThatCannotBeWrittenIsFoundOutFirst() throws {
        let outcome = try Tool.run(
            ["calibrate", "--model", "m.onnx", "data", "--output", "no/x.onnx"] + Fixture.device,
            in: Fixture.root)
        #expect(outcome.code == 1 && outcome.errors.contains("no/x.onnx") && outcome.output.isEmpty)
    }
}
