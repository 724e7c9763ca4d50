import Foundation
import Semblance
import SemblanceTestSupport
import Testing

/// `prepare` on images that are faces as they are: no detector is needed.
@Suite struct PrepareTests {
    /// Copies of the fixture's people with a text and a copy under another name among them.
    private func withPhotos(_ body: (_ folder: String, _ arguments: [String]) throws -> Void) throws {
        try withTemporaryFolder { folder in
            try FileManager.default.copyItem(atPath: Fixture.root + "/data", toPath: folder + "/photos")
            try Data("hello".utf8).write(to: URL(filePath: folder + "/photos/person00/text.jpg"))
            try FileManager.default.copyItem(
                atPath: folder + "/photos/person01/02.png", toPath: folder + "/photos/person02/x.png")
            let arguments =
                [
                    "prepare", "photos", "out", "--faces", "whole", "--size", "40", "--model",
                    try Fixture.root + "/m.onnx",
                ]
                + Fixture.device
            try body(folder, arguments)
        }
    }

    @Test func preparesAndGoesOn() throws {
        try withPhotos { folder, arguments in
            let first = try Tool.run(arguments + ["--json"], in: folder)
            #expect(first.code == 0, "\(first.errors)")
            let objects = try first.objects
            #expect(objects.count == 35)
            let summary = try #require(objects.last?["summary"] as? [String: Any])
            #expect(summary["photos"] as? Int == 34 && summary["aligned"] as? Int == 33)
            #expect(summary["unreadable"] as? Int == 1 && summary["people"] as? Int == 8)
            #expect(try #require(summary["two_names"] as? Int) >= 2 && summary["mislabelled"] is Int)
            #expect(objects.last?["earlier"] as? Int == 0)

            let text = try #require(objects.first { $0["source"] as? String == "person00/text.jpg" })
            #expect(text["outcome"] as? String == "unreadable" && text["crop"] == nil)
            #expect((text["reason"] as? String)?.contains("is not an image") == true)
            let copy = try #require(objects.first { $0["source"] as? String == "person02/x.png" })
            #expect(copy["crop"] as? String == "person02/x.png" && (copy["hash"] as? String)?.count == 16)
            let flags = try #require(copy["flags"] as? [[String: Any]])
            #expect(
                flags.contains {
                    $0["kind"] as? String == "two_names" && $0["duplicate_of"] as? String == "person01/02.png"
                })
            let image = try ImageDecoder().decode(path: folder + "/out/person02/x.png")
            #expect(image.width == 40 && image.height == 40)
            #expect(try folderHolds("report.html", folder + "/out"))

            let page = try bytes(folder + "/out/report.html")
            let second = try Tool.run(arguments + ["--json"], in: folder)
            #expect(try second.code == 0 && second.objects.last?["earlier"] as? Int == 33)
            #expect(
                try second.lines.dropLast() == first.lines.dropLast()
                    && bytes(folder + "/out/report.html") == page)

            let plain = try Tool.run(arguments + ["--strict"], in: folder)
            #expect(
                plain.code == 1
                    && plain.output.contains("person00/text.jpg: skipped: person00/text.jpg is not an image"))
            #expect(
                plain.output.contains("the same picture under two names: the same picture as person01/02.png")
            )
            #expect(plain.output.contains("33 photographs were done before"))
        }
    }

    @Test func whatDoesNotGoTogetherIsRefused() throws {
        try withPhotos { folder, arguments in
            #expect(try Tool.run(arguments, in: folder).code == 0)
            func expectRefusal(_ arguments: [String], _ clue: String) throws {
                let outcome = try Tool.run(arguments, in: folder)
                #expect(outcome.code == 2 && outcome.errors.contains(clue), "\(outcome.errors)")
            }
            try expectRefusal(arguments.map { $0 == "40" ? "48" : $0 }, "--size (40 there, 48 now)")
            try expectRefusal(arguments.map { $0 == "out" ? "photos/out" : $0 }, "one lies in the other")
            try expectRefusal(arguments.map { $0 == "out" ? "." : $0 }, "one lies in the other")
            try expectRefusal(arguments.map { $0 == "whole" ? "all" : $0 }, "--faces all")
            try expectRefusal(arguments.map { $0 == "whole" ? "only" : $0 }, "yunet")
            try expectRefusal(["prepare", "photos"], "two folders")
        }
    }

    /// A model that was trained on aligned faces says so, and detects for itself.
    @Test func trainingTakesTheAlignmentOver() throws {
        try withTemporaryFolder { folder in
            let settings = DatasetSettings(
                source: "/photos", size: 32, faces: .only, detector: "some", options: DetectionOptions())
            _ = try DatasetRecord(folder: folder, settings: settings)
            for person in 0..<4 {
                try FileManager.default.copyItem(
                    atPath: "\(try Fixture.root)/data/person0\(person)", toPath: "\(folder)/person0\(person)")
            }
            let outcome = try Tool.run(
                ["train", ".", "--output", "a.onnx", "--epochs", "1"] + Fixture.quick, in: folder)
            #expect(outcome.code == 0, "\(outcome.errors)")
            let model = try RecognitionModel(path: folder + "/a.onnx")
            #expect(model.description.alignment == .arcFace(size: 32))
            #expect(try RecognitionModel(path: Fixture.root + "/m.onnx").description.alignment == nil)
        }
    }
}
