import Foundation
import SemblanceTestSupport
import Testing

/// Galleries from the command line, with a model that takes whole images.
@Suite struct GalleryCommandTests {
    private static func run(_ arguments: String, _ gallery: String, input: [String]? = nil) throws
        -> Tool.Outcome
    {
        let words = arguments.split(separator: " ").map { $0 == "G" ? gallery : String($0) }
        guard let input else { return try Tool.run(words, in: Fixture.root) }
        return try withTemporaryFolder { folder in
            let path = folder + "/list"
            try (input.joined(separator: "\n") + "\n").write(toFile: path, atomically: true, encoding: .utf8)
            return try Tool.run(words, in: Fixture.root, input: path)
        }
    }

    @Test func peopleAreEnrolledFoundRenamedAndRemoved() throws {
        try withTemporaryFolder { folder in
            let gallery = folder + "/people.db"
            func run(_ arguments: String, input: [String]? = nil) throws -> Tool.Outcome {
                try Self.run(arguments, gallery, input: input)
            }
            let first = try run(
                "enroll Ada data/person00/00.png data/person00/01.png --gallery G --model m.onnx --json")
            #expect(first.code == 0, "\(first.errors)")
            #expect(try first.objects.map { $0["outcome"] as? String } == ["enrolled", "enrolled"])
            let again = try run("enroll Ada data/person00/00.png --gallery G --model m.onnx --json")
            #expect(try again.objects.map { $0["outcome"] as? String } == ["duplicate"])
            let others = try run("enroll data --gallery G --model m.onnx")
            #expect(others.code == 0, "\(others.errors)")

            let found = try run(
                "identify data/person00/01.png --gallery G --model m.onnx --threshold 0.5 --json")
            let answer = try #require(try found.objects.first)
            #expect(answer["outcome"] as? String == "match")
            #expect((answer["similarity"] as? Double ?? 0) > 0.999)

            #expect(try run("gallery rename G Ada Countess").code == 0)
            let people = try run("gallery list G --json").objects
            #expect(people.contains { $0["name"] as? String == "Countess" && $0["faces"] as? Int == 2 })
            #expect(!people.contains { $0["name"] as? String == "Ada" })
            let entries = try run("gallery list G Countess --json").objects
            #expect(entries.count == 2)
            let entry = try #require(entries.first?["entry"] as? Int)
            #expect(try run("gallery remove G --entry \(entry)").code == 0)
            #expect(try run("gallery list G Countess --json").objects.count == 1)
            #expect(try run("gallery remove G Countess").code == 0)
            #expect(try run("gallery list G Countess").code == 1)
            let statistics = try #require(try run("gallery stats G --check --json").objects.first)
            #expect(statistics["people"] as? Int == people.count - 1)
        }
    }

    @Test func anExportComesBackTheSame() throws {
        try withTemporaryFolder { folder in
            let (gallery, copy, text) = (folder + "/a.db", folder + "/b.db", folder + "/a.jsonl")
            #expect(try Self.run("enroll data --gallery G --model m.onnx", gallery).code == 0)
            #expect(try Self.run("gallery export G \(text)", gallery).code == 0)
            #expect(try Self.run("gallery import G \(text)", copy).code == 0)
            let printed = try Self.run("gallery export G", copy)
            #expect(printed.code == 0)
            #expect(try printed.output == String(contentsOfFile: text, encoding: .utf8))
            // Half an export is refused as a whole.
            let half = Array(printed.output.utf8.prefix(printed.output.utf8.count / 2))
            try Data(half).write(to: URL(filePath: text))
            let refused = try Self.run("gallery import G \(text)", folder + "/c.db")
            #expect(refused.code == 1 && refused.errors.contains("line"))
        }
    }

    /// A list on standard input, most of whose lines are bad: each is told, none stops the others.
    @Test func aLongListGoesOnPastBadLines() throws {
        try withTemporaryFolder { folder in
            let gallery = folder + "/people.db"
            #expect(try Self.run("enroll data --gallery G --model m.onnx", gallery).code == 0)
            var lines = (0..<3000).map { "no/such/file\($0).png" }
            for place in [0, 700, 2999] { lines[place] = "data/person00/00.png" }
            lines.insert("", at: 5)
            lines.insert("data/person00", at: 6)
            lines.insert(String(repeating: "x", count: 5000), at: 7)
            let outcome = try Self.run(
                "identify - --gallery G --model m.onnx --threshold 0.5 --json", gallery, input: lines)
            #expect(outcome.code == 1)
            let outcomes = try outcome.objects.map { $0["outcome"] as? String }
            #expect(outcomes.count { $0 == "match" } == 3)
            #expect(outcomes.count { $0 == "failed" } == 2999)
        }
    }

    @Test func anotherModelsGalleryIsRefused() throws {
        try withTemporaryFolder { folder in
            let gallery = folder + "/people.db"
            #expect(try Self.run("enroll data --gallery G --model m.onnx", gallery).code == 0)
            for command in ["identify data/person00/00.png", "enroll Ada data/person00/00.png"] {
                let outcome = try Self.run("\(command) --gallery G --model new.onnx", gallery)
                #expect(
                    outcome.code == 1 && outcome.errors.contains("belongs to the model"), "\(outcome.errors)")
            }
        }
    }

    @Test func whatIsNoGalleryIsNamed() throws {
        try withTemporaryFolder { folder in
            let missing = try Self.run(
                "identify data/person00/00.png --gallery G --model m.onnx", folder + "/none.db")
            #expect(missing.code == 1 && missing.errors.contains("none.db"))
            let model = try Self.run("gallery stats m.onnx", "")
            #expect(model.code == 1 && model.errors.contains("m.onnx"))
            for wrong in [
                "gallery", "gallery stats", "gallery burn x", "gallery rename x y", "enroll Ada --gallery x",
            ] {
                #expect(try Self.run(wrong, "").code == 2, "\(wrong)")
            }
        }
    }
}
