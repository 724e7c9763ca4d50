import Foundation
import Semblance
import SemblanceTestSupport
import Testing

/// What the commands answer, and the JSON that they promise.
@Suite struct ResultTests {
    private let face = "data/person03/00.png"
    private let model = ["--model", "m.onnx"] + Fixture.device

    private func expectDevice(_ object: [String: Any]) {
        let device = object["device"] as? [String: Any]
        #expect(device?["device"] as? String == "cpu")
        #expect((device?["device_name"] as? String)?.isEmpty == false)
        #expect(device?["reason"] as? String == "the CPU was asked for")
    }

    private func expectModel(_ object: [String: Any], _ key: String = "model") throws {
        let identity = object[key] as? [String: Any]
        let expected = try RecognitionModel(path: Fixture.root + "/m.onnx").identity
        #expect(identity?["architecture"] as? String == "small")
        #expect(identity?["fingerprint"] as? String == expected.fingerprint)
    }

    // MARK: identify

    private func identify(_ options: [String], probe: String? = nil, model: [String]? = nil) throws
        -> [String: Any]
    {
        let arguments =
            ["identify", "--gallery", "data"] + (model ?? self.model) + options + [probe ?? face]
        return try #require(try Tool.objects(arguments).first)
    }

    @Test func identifyHasThreeOutcomes() throws {
        let match = try identify([])
        #expect(match["outcome"] as? String == "match" && match["name"] as? String == "person03")
        #expect(match["image"] as? String == face)
        #expect(try #require(match["similarity"] as? Double) > 0.9999)
        #expect(match["threshold"] is Double && match["false_accept_rate"] as? Double == 0.1)
        let first = try #require((match["matches"] as? [[String: Any]])?.first)
        #expect(first["name"] as? String == "person03" && first["source"] as? String == face)
        #expect(first["similarity"] is Double)
        expectDevice(match)
        try expectModel(match)

        let unknown = try identify(["--threshold", "1"], probe: "two/person00/00.png")
        #expect(unknown["outcome"] as? String == "unknown" && unknown["name"] == nil)
        #expect(unknown["threshold"] as? Double == 1 && unknown["false_accept_rate"] == nil)
        #expect((unknown["matches"] as? [Any])?.count == 1)

        let undecided = try identify([], model: ["--model", "new.onnx"] + Fixture.device)
        #expect(undecided["outcome"] as? String == "undecided" && undecided["name"] == nil)
        #expect(undecided["threshold"] == nil)
        #expect((undecided["note"] as? String)?.contains("random") == true)
        let decided = try identify(["--threshold", "-1"], model: ["--model", "new.onnx"] + Fixture.device)
        #expect(decided["outcome"] as? String == "match")
    }

    @Test func identifySaysItInWordsToo() throws {
        for (options, probe, words) in [
            ([], face, "\(face): person03 (nearest person03 at 1.0000)"),
            (["--threshold", "1"], "two/person00/00.png", "two/person00/00.png: unknown (nearest person0"),
            (["--threshold", "0.5"], face, "threshold 0.5000 (given)"),
        ] {
            let outcome = try Tool.run(
                ["identify", "--gallery", "data"] + model + options + [probe], in: Fixture.root)
            #expect(outcome.code == 0 && outcome.output.contains(words), "\(outcome.output)")
            #expect(outcome.output.contains("the CPU was asked for"))
        }
        let outcome = try Tool.run(
            ["identify", "--gallery", "data", "--model", "new.onnx", face] + Fixture.device, in: Fixture.root)
        #expect(outcome.code == 0 && outcome.output.contains("\(face): undecided"))
        #expect(outcome.output.contains("no threshold: the model is uncalibrated"))
    }

    @Test func farAndCountAreHeeded() throws {
        let info = try #require(try Tool.objects(["info", "m.onnx"]).first)
        let report = try identify(["--far", "0.2", "-k", "3"])
        #expect(report["false_accept_rate"] as? Double == 0.1)
        #expect(report["threshold"] as? Double == info["threshold"] as? Double)
        let matches = try #require(report["matches"] as? [[String: Any]])
        let scores = matches.compactMap { $0["similarity"] as? Double }
        #expect(scores.count == 3 && scores == scores.sorted(by: >))
        #expect(Set(matches.compactMap { $0["name"] as? String }).count == 3)
        #expect((try identify(["-k", "100"])["matches"] as? [Any])?.count == 8)
    }

    @Test func theContactSheetIsAPicture() throws {
        try withTemporaryFolder { folder in
            let path = folder + "/sheet.png"
            _ = try identify(["--sheet", path])
            let image = try ImageDecoder().decode(path: path)
            #expect(image.width > 100 && image.height > 100)
        }
    }

    // MARK: the other commands

    @Test func verifyComparesTwo() throws {
        for (pair, threshold, outcome) in [
            ([face, face], "0.99", "same"), ([face, "two/person01/00.png"], "1", "different"),
        ] {
            let report = try #require(
                try Tool.objects(["verify", "--threshold", threshold] + model + pair).first)
            #expect(report["outcome"] as? String == outcome && report["images"] as? [String] == pair)
            #expect(report["similarity"] is Double && report["threshold"] is Double)
            expectDevice(report)
            try expectModel(report)
        }
        let undecided = try #require(
            try Tool.objects(["verify", "--model", "new.onnx", face, face] + Fixture.device).first)
        #expect(undecided["outcome"] as? String == "undecided" && undecided["note"] is String)
    }

    @Test func embedGivesUnitVectors() throws {
        let reports = try Tool.objects(["embed"] + model + [face, "two/person01/00.png"])
        #expect(reports.count == 2)
        for report in reports {
            let vector = try #require(report["embedding"] as? [Double])
            #expect(vector.count == 32 && abs(vector.reduce(0) { $0 + $1 * $1 } - 1) < 1e-5)
            expectDevice(report)
            try expectModel(report)
        }
        // What verify says is the product of the two.
        let vectors = reports.compactMap { $0["embedding"] as? [Double] }
        let verified = try #require(
            try Tool.objects(["verify"] + model + [face, "two/person01/00.png"]).first?["similarity"]
                as? Double)
        #expect(abs(zip(vectors[0], vectors[1]).reduce(0) { $0 + $1.0 * $1.1 } - verified) < 1e-5)
        let plain = try Tool.run(["embed"] + model + [face], in: Fixture.root)
        let numbers = plain.output.split(whereSeparator: \.isWhitespace).dropFirst().compactMap { Double($0) }
        #expect(zip(numbers, vectors[0]).allSatisfy { abs($0 - $1) < 1e-6 } && numbers.count == 32)
    }

    @Test func infoTellsTheEvidence() throws {
        let report = try #require(try Tool.objects(["info", "m.onnx"]).first)
        try expectModel(report, "identity")
        #expect(report["model"] as? String == "m.onnx" && report["false_accept_rate"] as? Double == 0.1)
        #expect(try #require(report["parameters"] as? Int) > 1000 && report["threshold"] is Double)
        let description = try #require(report["description"] as? [String: Any])
        let input = try #require(description["input"] as? [String: Any])
        #expect(input["width"] as? Int == 32 && input["colours"] as? String == "rgb")
        let training = try #require(description["training"] as? [String: Any])
        #expect(training["people"] as? Int == 8 && training["images"] as? Int == 32)
        #expect(training["epochs"] as? Int == 2 && training["seed"] as? Int == 1)
        let calibration = try #require(description["calibration"] as? [String: Any])
        #expect(calibration["calibrated"] != nil)
        let text = try Tool.run(["info", "m.onnx"], in: Fixture.root).output
        for word in ["identity", "threshold", "FAR 0.1", "impostor pairs", "32x32 rgb"] {
            #expect(text.contains(word))
        }
        #expect(try Tool.run(["info", "new.onnx"], in: Fixture.root).output.contains("uncalibrated: "))
    }

    // MARK: devices

    @Test func devicesNamesTheOneThatIsUsed() throws {
        let reports = try Tool.objects(["devices"], environment: ["SEMBLANCE_DEVICE": ""])
        #expect(reports.filter { $0["selected"] as? Bool == true }.count == 1)
        #expect(reports.filter { $0["reason"] is String }.count == 1)
        for report in reports {
            for key in ["identifier", "kind", "name", "platform", "driver"] { #expect(report[key] is String) }
        }
        #expect(reports.contains { $0["identifier"] as? String == "cpu" })
    }

    /// OpenCL's loader finds no platform in an empty folder.
    @Test func withoutAPlatformTheCPUWorksAndAGPUIsAnError() throws {
        try withTemporaryFolder { empty in
            let environment = ["OCL_ICD_VENDORS": empty, "SEMBLANCE_DEVICE": "auto"]
            let reason = "no GPU: no OpenCL platform or device is installed"
            let devices = try Tool.objects(["devices"], environment: environment)
            #expect(devices.map { $0["identifier"] as? String } == ["cpu"])
            #expect(devices.first?["reason"] as? String == reason)
            let report = try #require(
                try Tool.objects(["verify", face, face] + model, environment: environment).first)
            #expect((report["device"] as? [String: Any])?["reason"] as? String == reason)
            for arguments in [
                ["verify", face, face] + model, ["identify", face, "--gallery", "data"] + model,
                ["embed", face] + model,
                ["evaluate", "data"] + model,
            ] {
                let plain = try Tool.run(arguments, in: Fixture.root, environment: environment)
                let text = plain.output + plain.errors
                #expect(plain.code == 0 && text.components(separatedBy: reason).count == 2, "\(text)")
            }
            for arguments in [["--device", "gpu"], ["--device", "opencl:0:0"], ["--device=gpu"]] {
                let outcome = try Tool.run(
                    ["verify", face, face] + model + arguments, in: Fixture.root, environment: environment)
                #expect(outcome.code == 1 && outcome.output.isEmpty)
                #expect(outcome.errors.contains("there is no ") && outcome.errors.contains("--device cpu"))
            }
            let asked = try Tool.run(
                ["verify", face, face] + model, in: Fixture.root,
                environment: environment.merging(["SEMBLANCE_DEVICE": "gpu"]) { $1 })
            #expect(asked.code == 1 && asked.errors.contains("there is no GPU"))
        }
    }
}
