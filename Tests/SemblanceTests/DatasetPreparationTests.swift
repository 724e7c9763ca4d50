import Foundation
import Semblance
import SemblanceCore
import SemblanceImaging
import SemblanceTestSupport
import Testing

/// A folder of photographs becomes a data set: with a detector that goes by the photographs' width.
@Suite struct DatasetPreparationTests {
    /// Photographs of 64 pixels have one face, of 65 none, of 66 two.
    private static func detect(_ photos: [Image]) throws(SemblanceError) -> [[DetectedFace]] {
        photos.map { photo in
            let face = DetectedFace(
                box: FaceBox(x: 2, y: 3, width: 50, height: 55),
                landmarks: Alignment.arcFace(size: 60).landmarks, score: 0.9)
            return [DetectedFace](repeating: face, count: [64: 1, 66: 2][photo.width] ?? 0)
        }
    }

    /// Three people with nine photographs: six with a face, one without, one with two, and a text.
    private func makePhotos(_ root: String, seed: UInt64) throws {
        let source = SyntheticPeople(seed: seed)
        for (person, name) in ["Ann", "B & <C>", "Dé"].enumerated() {
            try FileManager.default.createDirectory(
                atPath: "\(root)/\(name)", withIntermediateDirectories: true)
            for photo in 0..<3 {
                let width = [[64, 64, 64], [64, 65, 66], [64, 64, 0]][person][photo]
                let path = "\(root)/\(name)/\(photo).png"
                if width == 0 {
                    try Data("hello".utf8).write(to: URL(filePath: path))
                } else {
                    try source.render(person: person, photo: photo, size: 64)
                        .resized(width: width, height: 64).writePNG(to: path)
                }
            }
        }
    }

    private func preparation(
        _ photos: String, _ output: String, size: Int = 48, model: RecognitionModel? = nil
    )
        throws -> DatasetPreparation
    {
        let device = try SelectedDevice(.cpu, threads: 1)
        try FileManager.default.createDirectory(atPath: output, withIntermediateDirectories: true)
        return DatasetPreparation(
            try FaceFolder(root: photos, fewestPeople: 1), output: output,
            settings: DatasetSettings(
                source: photos, size: size, faces: .only, detector: "by width", options: DetectionOptions()),
            cropper: FaceCropper(.only, aligner: try FaceAligner(size: size, device: device, batch: 2)) {
                (photos) throws(SemblanceError) in try Self.detect(photos)
            },
            recognizer: try model.map { try FaceRecognizer(model: $0, device: device, batch: 2) })
    }

    @discardableResult
    private func finish(_ dataset: PreparedDataset, _ output: String, dropsFlagged: Bool = false) throws
        -> DatasetReview
    {
        var limits = DatasetReview.Limits()
        // All crops of these small pictures are about as sharp: some below, some above.
        let sharpness = dataset.photos.compactMap { $0.crop?.sharpness }.sorted()
        limits.sharpness = sharpness.isEmpty ? 0 : sharpness[sharpness.count / 2]
        let review = DatasetReview(dataset.photos, model: dataset.model, limits: limits)
        try dataset.page(review).write(to: output + "/report.html")
        try dataset.finish(review, dropsFlagged: dropsFlagged)
        return review
    }

    /// All files below a folder with their content.
    private func content(_ folder: String) throws -> [String: Data] {
        let names = try FileManager.default.subpathsOfDirectory(atPath: folder)
        return try Dictionary(
            uniqueKeysWithValues: names.filter { !isFolder("\(folder)/\($0)") }.map {
                ($0, try Data(contentsOf: URL(filePath: "\(folder)/\($0)")))
            })
    }

    @Test func everyPhotographHasItsOutcome() throws {
        let seed = freshSeed("preparation")
        try withTemporaryFolder { folder in
            let (photos, output) = (folder + "/photos", folder + "/out")
            try makePhotos(photos, seed: seed)
            let before = try content(photos)
            let dataset = try preparation(photos, output, model: tinyModel(seed: seed)).run()
            let review = try finish(dataset, output)
            #expect(try content(photos) == before)

            let outcomes = dataset.photos.map(\.outcome)
            let expected: [PreparedPhoto.Outcome] = [
                .aligned, .aligned, .aligned, .aligned, .noFace, .severalFaces, .aligned, .aligned,
                .unreadable,
            ]
            #expect(outcomes == expected)
            #expect(
                dataset.photos.map(\.source)
                    == ["Ann", "B & <C>", "Dé"].flatMap { name in (0..<3).map { "\(name)/\($0).png" } })
            #expect(dataset.photos.allSatisfy { ($0.reason == nil) == ($0.outcome == .aligned) })
            let counts = dataset.counts(review)
            #expect(counts.photos == 9 && counts.aligned == 6 && counts.noFace == 1)
            #expect(counts.severalFaces == 1 && counts.unreadable == 1 && counts.mislabelled != nil)
            #expect(counts.blur == 3 && counts.flagged >= 3)

            // The crop is the detector's face at the template: the middle of the map is known.
            let crop = try ImageDecoder().decode(path: output + "/Ann/0.png")
            #expect(crop.width == 48 && crop.height == 48 && crop.channels == 3)
            let photo = try ImageDecoder().decode(path: photos + "/Ann/0.png").rgb()
            let map = try Alignment.arcFace(size: 48).transform(of: Alignment.arcFace(size: 60).landmarks)
            var worst = 0.0
            for y in 4..<44 {
                for x in 4..<44 {
                    let place = map(Double(x), Double(y))
                    let (left, top) = (Int(place.x), Int(place.y))
                    let (u, v) = (place.x - Double(left), place.y - Double(top))
                    func pixel(_ x: Int, _ y: Int) -> Double { Double(photo.pixels[(y * 64 + x) * 3]) }
                    let value =
                        (pixel(left, top) * (1 - u) + pixel(left + 1, top) * u) * (1 - v)
                        + (pixel(left, top + 1) * (1 - u) + pixel(left + 1, top + 1) * u) * v
                    worst = max(worst, abs(value - Double(crop.pixels[(y * 48 + x) * 3])))
                }
            }
            #expect(worst < 1, "\(worst)")

            // What training will see, and what it is told.
            let folder = try FaceFolder(root: output)
            #expect(folder.people.map(\.name) == ["Ann", "B & <C>", "Dé"] && folder.imageCount == 6)
            let page = try String(contentsOfFile: output + "/report.html", encoding: .utf8)
            #expect(page.contains("B &amp; &lt;C&gt;") && !page.contains("<C>"))
            #expect(page.contains("data:image/png;base64,"))
        }
    }

    @Test func aRunThatWasStoppedGoesOnToTheSameFiles() throws {
        let seed = freshSeed("resuming")
        let model = try tinyModel(seed: seed)
        try withTemporaryFolder { folder in
            let (photos, whole, parts) = (folder + "/photos", folder + "/whole", folder + "/parts")
            try makePhotos(photos, seed: seed)
            // More than a batch.
            for copy in 0..<20 {
                try FileManager.default.copyItem(
                    atPath: photos + "/Ann/0.png", toPath: "\(photos)/Ann/copy\(copy).png")
            }
            let single = try preparation(photos, whole, model: model).run()
            #expect(single.earlier == 0)
            try finish(single, whole)

            _ = try preparation(photos, parts, model: model).run()
            // As if killed in the middle of a line, before some crop was recorded.
            let record = parts + "/" + DatasetRecord.fileName
            let bytes = Array(try Data(contentsOf: URL(filePath: record)))
            let cut = bytes.count / 2 + Int(seed % UInt64(bytes.count / 4))
            try Data(bytes[..<cut]).write(to: URL(filePath: record))
            let lines = bytes[..<cut].count { $0 == UInt8(ascii: "\n") }
            try Data("half a file".utf8).write(to: URL(filePath: parts + "/Ann/.semblance-1-x.tmp"))

            let rest = try preparation(photos, parts, model: model).run()
            // All recorded ones but the unreadable, which are tried again.
            #expect([lines - 1, lines - 2].contains(rest.earlier), "\(rest.earlier) of \(lines)")
            try finish(rest, parts)
            #expect(try content(parts) == content(whole))

            let again = try preparation(photos, parts, model: model).run()
            #expect(again.earlier == again.photos.count - 1)
            try finish(again, parts)
            #expect(try content(parts) == content(whole))

            // Without a model first: the embeddings are made up for.
            let late = folder + "/late"
            try finish(try preparation(photos, late).run(), late)
            #expect(try content(late) != content(whole))
            try finish(try preparation(photos, late, model: model).run(), late)
            #expect(try content(late) == content(whole))
        }
    }

    @Test func flaggedCropsAreSetAsideAndComeBack() throws {
        let seed = freshSeed("set aside")
        try withTemporaryFolder { folder in
            let (photos, output) = (folder + "/photos", folder + "/out")
            try makePhotos(photos, seed: seed)
            try finish(try preparation(photos, output).run(), output)
            let kept = try content(output)
            let review = try finish(try preparation(photos, output).run(), output, dropsFlagged: true)
            let flagged = review.flags.count { !$0.isEmpty }
            #expect(flagged >= 3 && flagged < 6)
            #expect(try FaceFolder(root: output, fewestPeople: 1).imageCount == 6 - flagged)
            #expect(try content(output + "/.flagged").count == flagged)
            #expect(try preparation(photos, output).run().earlier == 8)
            try finish(try preparation(photos, output).run(), output)
            #expect(try content(output) == kept)
        }
    }

    @Test func changedAndRemovedPhotographsAreFollowed() throws {
        let seed = freshSeed("changes")
        try withTemporaryFolder { folder in
            let (photos, output) = (folder + "/photos", folder + "/out")
            try makePhotos(photos, seed: seed)
            try finish(try preparation(photos, output).run(), output)
            try FileManager.default.removeItem(atPath: photos + "/Ann/1.png")
            // Another picture with the same name, one renamed, and one that can be read now.
            try SyntheticPeople(seed: seed).render(person: 7, photo: 0, size: 64).writePNG(
                to: photos + "/Ann/0.png")
            try FileManager.default.moveItem(atPath: photos + "/Ann/2.png", toPath: photos + "/Ann/2.jpeg")
            try SyntheticPeople(seed: seed).render(person: 8, photo: 0, size: 64).writePNG(
                to: photos + "/Dé/2.png")
            let dataset = try preparation(photos, output).run()
            try finish(dataset, output)
            #expect(dataset.photos.count == 8 && dataset.earlier == 5)
            let fresh = folder + "/fresh"
            try finish(try preparation(photos, fresh).run(), fresh)
            #expect(try content(output) == content(fresh))
        }
    }

    @Test func foreignFoldersAreRefused() throws {
        let seed = freshSeed("refusals")
        try withTemporaryFolder { folder in
            let (photos, output) = (folder + "/photos", folder + "/out")
            try makePhotos(photos, seed: seed)
            func expectRefusal(_ code: SemblanceError.Code, _ clue: String, size: Int = 48) throws {
                do {
                    _ = try preparation(photos, output, size: size).run()
                    Issue.record("not refused: \(clue)")
                } catch let error as SemblanceError {
                    #expect(error.code == code && "\(error)".contains(clue), "\(error)")
                }
            }
            try finish(try preparation(photos, output).run(), output)
            try expectRefusal(.usage, "--size (48 there, 50 now)", size: 50)
            // Only one at a time.
            let settings = try #require(try DatasetRecord.settings(of: output))
            let record = try DatasetRecord(folder: output, settings: settings)
            try expectRefusal(.outputUnwritable, "another semblance prepare")
            withExtendedLifetime(record) {}
        }
        try withTemporaryFolder { folder in
            let (photos, output) = (folder + "/photos", folder + "/out")
            try makePhotos(photos, seed: seed)
            try makeFolder(output)
            try Data("mine".utf8).write(to: URL(filePath: output + "/notes.txt"))
            #expect(throws: SemblanceError.self) { try preparation(photos, output).run() }
            try Data("no record\n".utf8).write(to: URL(filePath: output + "/" + DatasetRecord.fileName))
            #expect(throws: SemblanceError.self) { try preparation(photos, output).run() }
            #expect(throws: SemblanceError.self) { try DatasetRecord.settings(of: output) }
            #expect(try Array(content(output).keys).sorted() == ["notes.txt", DatasetRecord.fileName])
        }
    }

    @Test func trainingLearnsWhereThePointsAre() throws {
        try withTemporaryFolder { folder in
            let input = InputFormat(height: 56, width: 56, colours: .rgb, mean: 0, scale: 1)
            #expect(try PreparedDataset.alignment(of: folder, for: input) == nil)
            let settings = DatasetSettings(
                source: "/photos", size: 112, faces: .only, detector: "d", options: DetectionOptions())
            _ = try DatasetRecord(folder: folder, settings: settings)
            let alignment = try #require(try PreparedDataset.alignment(of: folder, for: input))
            // A pixel of half the size has its middle between two.
            for (half, whole) in zip(alignment.landmarks, Alignment.arcFace().landmarks) {
                #expect(abs(2 * half.x + 0.5 - whole.x) < 1e-9 && abs(2 * half.y + 0.5 - whole.y) < 1e-9)
            }
            let wide = InputFormat(height: 56, width: 64, colours: .rgb, mean: 0, scale: 1)
            #expect(try PreparedDataset.alignment(of: folder, for: wide) == nil)
        }
        try withTemporaryFolder { folder in
            _ = try DatasetRecord(
                folder: folder, settings: DatasetSettings(source: "/photos", size: 112, wholeImages: nil))
            let input = InputFormat(height: 112, width: 112, colours: .rgb, mean: 0, scale: 1)
            #expect(try PreparedDataset.alignment(of: folder, for: input) == nil)
        }
    }

    @Test func cropsOfPhotographsThatDifferInTheirExtensionHaveNamesOfTheirOwn() {
        #expect(CropNames.names(for: ["a.jpg", "b.jpeg", "c"]) == ["a.png", "b.png", "c.png"])
        #expect(CropNames.names(for: ["a.jpg", "a.png", "b.png"]) == ["a.jpg.png", "a.png.png", "b.png"])
        let hard = CropNames.names(for: ["a.jpg", "a.jpg.png", "a.png"])
        #expect(Set(hard).count == 3)
    }
}
