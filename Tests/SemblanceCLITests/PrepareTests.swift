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

    /// Killed again and again, it comes to the files of one run.
    @Test func aKilledRunLosesOnlyWhatWasInHand() throws {
        try withTemporaryFolder { folder in
            let faces = ["faces", "photos", "--people", "15", "--images", "8", "--size", "64"]
            #expect(try Tool.run(faces, in: folder).code == 0)
            func arguments(_ output: String) -> [String] {
                ["prepare", "photos", output, "--faces", "whole"] + Fixture.device
            }
            #expect(try Tool.run(arguments("whole"), in: folder).code == 0)
            let record = folder + "/parts/" + DatasetRecord.fileName
            func lines() -> Int { (try? bytes(record).count { $0 == UInt8(ascii: "\n") }) ?? 0 }
            var killed = 0
            for _ in 0..<4 {
                let before = lines()
                let outcome = try Tool.run(arguments("parts"), in: folder) { process, _ in
                    // The next batch is written: another is in hand.
                    while process.isRunning, lines() < before + 17 { usleep(500) }
                    kill(process.processIdentifier, SIGKILL)
                }
                killed += outcome.code == nil ? 1 : 0
                // Nothing that was recorded is lost.
                #expect(lines() >= before)
            }
            #expect(killed > 0)
            let last = try Tool.run(arguments("parts") + ["--json"], in: folder)
            #expect(last.code == 0, "\(last.errors)")
            #expect(try #require(last.objects.last?["earlier"] as? Int) >= 16 * killed)
            for name in try FileManager.default.subpathsOfDirectory(atPath: folder + "/whole") {
                guard !FileManager.default.fileExists(atPath: "\(folder)/whole/\(name)/.") else { continue }
                #expect(try bytes("\(folder)/parts/\(name)") == bytes("\(folder)/whole/\(name)"), "\(name)")
            }
            #expect(
                try FileManager.default.subpathsOfDirectory(atPath: folder + "/parts").count
                    == FileManager.default.subpathsOfDirectory(atPath: folder + "/whole").count)
        }
    }
}

private let environment = ProcessInfo.processInfo.environment
private let models = environment["SEMBLANCE_MODELS"] ?? ""
private let images = (environment["SEMBLANCE_DATA"] ?? "") + "/lfw-devtest/images"
private let isReady =
    FileManager.default.fileExists(atPath: images)
    && FileManager.default.fileExists(atPath: models + "/yunet.onnx")
    && FileManager.default.fileExists(atPath: models + "/sface.onnx")

/// Photographs with planted faults, detected and compared by the pretrained models.
@Suite(
    .enabled(
        if: isReady,
        "needs the pretrained models and the faces of lfw-devtest (SEMBLANCE_MODELS and SEMBLANCE_DATA name their folders)"
    ))
struct PretrainedPrepareTests {
    /// Copies five people's photographs: somebody's first under another name, two joined into one, one out of focus, and one
    /// without a face.
    private func makePhotos(_ root: String) throws {
        let files = FileManager.default
        let people = try files.contentsOfDirectory(atPath: images).sorted().filter {
            try files.contentsOfDirectory(atPath: "\(images)/\($0)").count >= 5
        }.prefix(5)
        for person in people {
            try files.createDirectory(atPath: "\(root)/\(person)", withIntermediateDirectories: true)
            for name in try files.contentsOfDirectory(atPath: "\(images)/\(person)") {
                try files.copyItem(atPath: "\(images)/\(person)/\(name)", toPath: "\(root)/\(person)/\(name)")
            }
        }
        func photo(_ person: Int) throws -> (path: String, image: Image) {
            let folder = "\(root)/\(people[person])"
            let path = "\(folder)/\(try #require(files.contentsOfDirectory(atPath: folder).sorted().first))"
            return (path, try ImageDecoder().decode(path: path).rgb())
        }
        func write(_ image: Image, _ name: String, person: Int) throws {
            var text = Array("P6 \(image.width) \(image.height) 255\n".utf8)
            text += image.pixels
            try Data(text).write(to: URL(filePath: "\(root)/\(people[person])/\(name).ppm"))
        }
        let (first, second) = (try photo(2).image, try photo(3).image)
        var joined: [UInt8] = []
        for row in 0..<first.height {
            for image in [first, second] {
                let line = 3 * image.width
                joined += image.pixels[row * line..<(row + 1) * line]
            }
        }
        let width = first.width + second.width
        try write(Image(width: width, height: first.height, channels: 3, pixels: joined), "two", person: 2)
        let coarse = first.resized(width: first.width / 6, height: first.height / 6)
        try write(coarse.resized(width: first.width, height: first.height), "blurred", person: 2)
        let grey = [UInt8](repeating: 90, count: 3 * 200 * 200)
        try write(Image(width: 200, height: 200, channels: 3, pixels: grey), "grey", person: 3)
        try files.moveItem(atPath: photo(0).path, toPath: "\(root)/\(people[1])/swapped.jpg")
    }

    @Test func plantedFaultsAreFound() throws {
        try withTemporaryFolder { folder in
            try makePhotos(folder + "/photos")
            let environment = ["SEMBLANCE_MODELS": models]
            let outcome = try Tool.run(
                ["prepare", "photos", "out", "--faces", "central", "--json"] + Fixture.device, in: folder,
                environment: environment)
            #expect(outcome.code == 0, "\(outcome.errors)")
            let objects = try outcome.objects
            func kinds(_ name: String) throws -> [String] {
                let photo = try #require(
                    objects.first { ($0["source"] as? String)?.hasSuffix("/" + name) == true })
                return (photo["flags"] as? [[String: Any]] ?? []).compactMap { $0["kind"] as? String }
            }
            #expect(try kinds("swapped.jpg") == ["mislabelled"])
            #expect(try kinds("blurred.ppm").contains("blur"))
            let grey = try #require(
                objects.first { ($0["source"] as? String)?.hasSuffix("/grey.ppm") == true })
            #expect(grey["outcome"] as? String == "no_face")
            // Nobody else is called mislabelled.
            #expect((objects.last?["summary"] as? [String: Any])?["mislabelled"] as? Int == 1)

            let only = try Tool.run(
                ["prepare", "photos", "only", "--json"] + Fixture.device, in: folder, environment: environment
            )
            let two = try #require(
                try only.objects.first { ($0["source"] as? String)?.hasSuffix("/two.ppm") == true })
            #expect(two["outcome"] as? String == "several_faces" && two["crop"] == nil)
        }
    }
}
