import Foundation
import Semblance
import SemblanceTestSupport
import Testing

@Suite(.serialized) struct TrainingTests {
    private func train(_ options: [String], in folder: String, data: String = "data") throws -> Tool.Outcome {
        try Tool.run(["train", try Fixture.root + "/" + data] + options + Fixture.quick, in: folder)
    }

    private func parameters(_ path: String) throws -> [String: Parameter] {
        Dictionary(
            uniqueKeysWithValues: try RecognitionModel(path: path).network.parameters.map { ($0.name, $0) })
    }

    @Test func everyEventIsALineOfJSON() throws {
        try withTemporaryFolder { folder in
            let outcome = try train(
                ["--output", "x.onnx", "--epochs", "2", "--json", "--log", "log", "--checkpoint-every", "2"],
                in: folder)
            #expect(outcome.code == 0, "\(outcome.errors)")
            let objects = try outcome.objects
            let names = objects.compactMap { $0["event"] as? String }
            #expect(names.count == objects.count && names.first == "started" && names.last == "finished")
            #expect(names.filter { $0 == "step" }.count == 6 && names.filter { $0 == "epoch" }.count == 2)
            #expect(names.filter { $0 == "checkpoint" }.count == 3)
            let start = objects[0]
            for key in ["device", "device_name", "reason", "network"] {
                #expect(start[key] is String, "\(key)")
            }
            #expect(start["people"] as? Int == 6 && start["held_out_people"] as? Int == 2)
            for object in objects where object["event"] as? String == "step" {
                for key in [
                    "loss", "images_per_second", "learning_rate", "gradient_norm", "seconds_remaining",
                ] {
                    #expect(object[key] is Double, "\(key)")
                }
            }
            #expect((objects.last?["calibration"] as? [String: Any])?["calibrated"] != nil)
            // The log has the same lines.
            let log = String(decoding: try bytes(folder + "/log"), as: UTF8.self)
            #expect(log == outcome.output)
        }
    }

    @Test func theSameSeedGivesTheSameFile() throws {
        try withTemporaryFolder { folder in
            for (name, seed) in [("a", "7"), ("b", "7"), ("c", "8")] {
                let outcome = try train(["--output", name, "--epochs", "1", "--seed", seed], in: folder)
                #expect(outcome.code == 0)
            }
            #expect(try bytes(folder + "/a") == bytes(folder + "/b"))
            #expect(try bytes(folder + "/a") != bytes(folder + "/c"))
        }
    }

    @Test(arguments: [SIGINT, SIGTERM])
    func ctrlCSavesAndResumingGivesTheSameFile(signal: Int32) throws {
        try withTemporaryFolder { folder in
            let options = ["--epochs", "5", "--json"]
            let whole = try train(["--output", "whole.onnx"] + options, in: folder)
            #expect(whole.code == 0)
            let arguments =
                ["train", try Fixture.root + "/data", "--output", "x.onnx"] + options + Fixture.quick
            let stopped = try Tool.run(arguments, in: folder) { process, output in
                let deadline = Date(timeIntervalSinceNow: 120)
                while try !String(decoding: bytes(output), as: UTF8.self).contains("\"step\"") {
                    try #require(process.isRunning && Date.now < deadline, "no step was reported")
                    usleep(2000)
                }
                kill(process.processIdentifier, signal)
            }
            #expect(stopped.code == 130, "\(stopped.errors)")
            #expect(stopped.errors.contains("stopping after this step"))
            let objects = try stopped.objects
            let last = try #require(objects.last)
            #expect(last["event"] as? String == "finished" && last["is_cancelled"] as? Bool == true)
            let step = try #require(last["step"] as? Int)
            #expect((1..<15).contains(step))
            #expect(try Checkpoint(path: folder + "/x.onnx.checkpoint").header.step == step)
            let info = try Tool.run(["info", "x.onnx"], in: folder)
            #expect(info.code == 0 && info.output.contains("uncalibrated: the training was stopped"))

            let resumed = try Tool.run(arguments + ["--resume"], in: folder)
            #expect(resumed.code == 0, "\(resumed.errors)")
            #expect(try resumed.objects.first?["first_step"] as? Int == step)
            #expect(try bytes(folder + "/x.onnx") == bytes(folder + "/whole.onnx"))
            // Once more, with nothing left to do.
            let plain = try Tool.run(arguments.filter { $0 != "--json" } + ["--resume"], in: folder)
            #expect(plain.code == 0)
            #expect(try bytes(folder + "/x.onnx") == bytes(folder + "/whole.onnx"))
            #expect(
                try Set(FileManager.default.contentsOfDirectory(atPath: folder)) == [
                    "x.onnx", "x.onnx.checkpoint", "whole.onnx", "whole.onnx.checkpoint",
                ])
        }
    }

    @Test func divergenceStopsWithTheLastCheckpointKept() throws {
        try withTemporaryFolder { folder in
            #expect(try train(["--output", "x.onnx", "--epochs", "1"], in: folder).code == 0)
            let (checkpoint, model) = (
                try bytes(folder + "/x.onnx.checkpoint"), try bytes(folder + "/x.onnx")
            )
            let outcome = try train(["--output", "x.onnx", "--epochs", "1", "--lr", "1e30"], in: folder)
            #expect(outcome.code == 1)
            #expect(outcome.errors.contains("step 1") || outcome.errors.contains("step 2"))
            #expect(outcome.errors.contains("1e+30") && outcome.errors.contains("lower the learning rate"))
            #expect(try bytes(folder + "/x.onnx.checkpoint") == checkpoint)
            #expect(try bytes(folder + "/x.onnx") == model)
        }
    }

    @Test func twoPeopleAreTrainedAndUncalibrated() throws {
        try withTemporaryFolder { folder in
            let outcome = try train(["--output", "x.onnx", "--epochs", "1"], in: folder, data: "two")
            #expect(outcome.code == 0 && outcome.output.contains("threshold: uncalibrated, 2 people"))
            let info = try Tool.run(["info", "x.onnx", "--json"], in: folder)
            let report = try #require(try info.objects.first)
            #expect(report["threshold"] == nil)
            let calibration = (report["description"] as? [String: Any])?["calibration"] as? [String: Any]
            let reason = (calibration?["uncalibrated"] as? [String: Any])?["reason"] as? String
            #expect(reason?.contains("2 people are too few") == true)
            let two = try Fixture.root + "/two"
            let answer = try Tool.run(
                ["identify", "--model", "x.onnx", "--gallery", two, two + "/person01/00.png"]
                    + Fixture.device,
                in: folder)
            #expect(
                answer.code == 0
                    && answer.output.contains("/two/person01/00.png: undecided (nearest person01"))
        }
    }

    @Test func fineTuningGoesOnFromAModel() throws {
        let root = try Fixture.root
        try withTemporaryFolder { folder in
            let options =
                ["--from", root + "/m.onnx", "--epochs", "1", "--batch", "4", "--lr", "0.01"] + Fixture.device
            let before = try parameters(root + "/m.onnx")
            for (name, frozen) in [("free", false), ("frozen", true)] {
                let outcome = try Tool.run(
                    ["train", root + "/two", "--output", name] + options
                        + (frozen ? ["--freeze-statistics"] : []), in: folder)
                #expect(outcome.code == 0, "\(outcome.errors)")
                let after = try parameters(folder + "/" + name)
                #expect(Set(after.keys) == Set(before.keys))
                for (key, old) in before {
                    let new = try #require(after[key])
                    let isStatistic = [.runningMean, .runningVariance].contains(old.role)
                    if isStatistic && frozen { #expect(new.tensor == old.tensor, "\(key)") }
                    if isStatistic && !frozen { #expect(new.tensor != old.tensor, "\(key)") }
                    if old.role == .weight { #expect(new.tensor != old.tensor, "\(key)") }
                }
                // Small steps from where the model was, not from random weights.
                let drift = try before.filter { $0.value.role == .weight }.map { key, old in
                    let new = try #require(after[key]).tensor.values
                    let change = zip(old.tensor.values, new).reduce(0) { $0 + ($1.0 - $1.1) * ($1.0 - $1.1) }
                    return change / old.tensor.values.reduce(0) { $0 + $1 * $1 }
                }
                #expect(try #require(drift.max()) < 0.1)
            }
        }
    }
}
