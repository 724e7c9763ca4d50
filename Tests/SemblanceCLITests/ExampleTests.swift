import Foundation
import Semblance
import SemblanceTestSupport
import Testing

/// The programs in Examples, as processes of their own.
@Suite struct ExampleTests {
    private func run(_ name: String, _ arguments: [String], models: String = "/nonexistent") throws
        -> Tool.Outcome
    {
        let program = URL(filePath: Tool.path).deletingLastPathComponent().appending(path: name).path
        let outcome = try Tool.run(
            arguments, in: Fixture.root, environment: ["SEMBLANCE_MODELS": models], executable: program)
        #expect(outcome.code == 0, "\(outcome.errors)")
        return outcome
    }

    private func similarity(_ outcome: Tool.Outcome) throws -> Double {
        let words = try #require(outcome.lines.first).split(separator: " ")
        #expect(words.first == "similarity")
        return try #require(words.dropFirst().first.flatMap { Double($0) })
    }

    @Test func recogniseSaysWhatVerifySays() throws {
        let photos = ["data/person00/00.png", "data/person01/01.png"]
        let outcome = try run("RecogniseExample", photos + ["m.onnx"])
        let verified = try Tool.run(
            ["verify", "--model", "m.onnx", "--json"] + photos + Fixture.device, in: Fixture.root)
        let expected = try #require(try verified.objects.first?["similarity"] as? Double)
        #expect(abs(try similarity(outcome) - expected) < 1e-4)
        #expect(outcome.lines.last?.hasPrefix("device ") == true)
    }

    @Test(.enabled(if: Photographs.areThere, "needs the pretrained models and SEMBLANCE_DATA/lfw-devtest"))
    func recogniseTellsPeopleInPhotographsApart() throws {
        let (one, same, other) = try #require(try Photographs.threeOfTwoPeople())
        func compare(_ path: String) throws -> Double {
            try similarity(run("RecogniseExample", [one, path], models: Photographs.models))
        }
        // SFace's published threshold.
        #expect(try compare(same) > 0.363)
        #expect(try compare(other) < 0.363)
    }

    @Test func trainWritesAModelThatRecognises() throws {
        try withTemporaryFolder { folder in
            let path = folder + "/example.onnx"
            let probe = "data/person03/00.png"
            let outcome = try run("TrainExample", ["data", path, "1", probe])
            #expect(outcome.lines.first?.hasPrefix("epoch 1: loss ") == true)
            // An image that is enrolled is nearest to itself.
            let answer = try #require(outcome.lines.first { $0.hasPrefix(probe) })
            #expect(answer.hasPrefix("\(probe): person03 at "))
            let similarity = try #require(answer.split(separator: " ").last.flatMap { Double($0) })
            #expect(similarity > 0.9999)
            let training = try #require(try RecognitionModel(path: path).description.training)
            #expect(training.people == 8 && training.images == 32 && training.epochs == 1)
            #expect(training.loss.hasPrefix("ArcFace"))
        }
    }
}

private enum Photographs {
    static let models = ModelFolder.path
    static let root =
        (ProcessInfo.processInfo.environment["SEMBLANCE_DATA"] ?? "/nonexistent") + "/lfw-devtest/images"

    static var areThere: Bool {
        ModelFolder.entries.allSatisfy(\.isPresent) && FileManager.default.fileExists(atPath: root)
    }

    /// Two photographs of one person and one of another.
    static func threeOfTwoPeople() throws -> (String, String, String)? {
        let people = try FileManager.default.contentsOfDirectory(atPath: root).sorted()
        func path(_ person: String, _ number: Int) -> String {
            "\(root)/\(person)/\(person)_000\(number).jpg"
        }
        func has(_ person: String, _ number: Int) -> Bool {
            FileManager.default.fileExists(atPath: path(person, number))
        }
        guard let person = people.first(where: { has($0, 1) && has($0, 2) }),
            let other = people.first(where: { $0 != person && has($0, 1) })
        else { return nil }
        return (path(person, 1), path(person, 2), path(other, 1))
    }
}
