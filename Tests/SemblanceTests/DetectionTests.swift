import Foundation
import Semblance
import SemblanceCore
import SemblanceImaging
import SemblanceTestSupport
import Testing

/// Ours against OpenCV's detector, aligner and embedder, with the same models.
@Suite(.enabled(if: Photographs.areThere, Comment(rawValue: Photographs.missing)), .serialized)
struct PhotographTests {
    /// The samples, and other ones of LFW in each run.
    private static func paths(lfw count: Int) -> [String] {
        Photographs.samples + Photographs.lfw.shuffled().prefix(count)
    }

    @Test func facesAreOpenCVs() throws {
        let paths = Self.paths(lfw: 40)
        let judged = try judgedFaces(paths)
        let photos = try paths.map { try ImageDecoder().decode(path: $0) }
        let found = try Photographs.detector(SelectedDevice(.cpu), .single).detect(photos)
        for ((path, faces), expected) in zip(zip(paths, found), judged) {
            #expect(faces.count == expected.count, "\(path)")
            for (face, judge) in zip(faces, expected) {
                #expect(face.distance(to: judge.face) < 1, "\(path): \(face) and \(judge.face)")
                #expect(abs(face.score - judge.face.score) < 1e-3)
            }
        }
        #expect(judged.reduce(0) { $0 + $1.count } >= paths.count)
    }

    /// The usual search finds what OpenCV finds, and at most more.
    @Test func theUsualSearchFindsThemAll() throws {
        let paths = Self.paths(lfw: 5)
        let judged = try judgedFaces(paths)
        let photos = try paths.map { try ImageDecoder().decode(path: $0) }
        for (index, faces) in try Photographs.detector(SelectedDevice(.cpu)).detect(photos).enumerated() {
            for judge in judged[index] {
                #expect(faces.contains { $0.distance(to: judge.face) < 1 }, "\(paths[index]): \(judge.face)")
            }
        }
    }

    @Test func openCLFindsTheSame() throws {
        let photos = try Self.paths(lfw: 3).suffix(4).map { try ImageDecoder().decode(path: $0) }
        let cpu = try Photographs.detector(SelectedDevice(.cpu)).detect(photos)
        let device = try SelectedDevice(FakeDevices.byNumber())
        let openCL = try Photographs.detector(device).detect(photos)
        #expect(device.device.identifier != "cpu")
        #expect(cpu.map(\.count) == openCL.map(\.count))
        for (a, b) in zip(cpu.flatMap(\.self), openCL.flatMap(\.self)) { #expect(a.distance(to: b) < 0.05) }
    }

    @Test func oneByOneIsAsAllAtOnce() throws {
        let photos = try Self.paths(lfw: 9).map { try ImageDecoder().decode(path: $0) }
        let detector = try Photographs.detector(SelectedDevice(.cpu))
        let together = try detector.detect(photos)
        for (photo, faces) in zip(photos, together) {
            let alone = try detector.detect([photo])[0]
            #expect(alone.count == faces.count)
            for (a, b) in zip(alone, faces) { #expect(a.distance(to: b) < 0.05) }
        }
    }

    @Test func embeddingsAreOpenCVs() throws {
        let paths =
            Photographs.lfw.isEmpty ? Photographs.samples : Array(Photographs.lfw.shuffled().prefix(12))
        let judged = try judgedFaces(paths)
        let photos = try paths.map { try ImageDecoder().decode(path: $0) }
        let device = try SelectedDevice(.cpu)
        let recognizer = try PhotoRecognizer(
            Photographs.recognizer(device, batch: 4), detector: Photographs.detector(device, .single))
        for (outcome, expected) in zip(try recognizer.recognize(photos), judged) {
            let faces = try outcome.get()
            #expect(faces.count == expected.count)
            for (face, judge) in zip(faces, expected) {
                let isLarge = judge.face.box.width > 150
                // OpenCV rounds its crops to whole grey values; and of large faces it takes single pixels where we take means.
                #expect(cosine(face.embedding.values, judge.embedding) > (isLarge ? 0.9 : 0.999))
            }
        }
    }

    /// A picture of many megapixels with a face of about 24 pixels somewhere.
    @Test func smallFacesInLargePhotographsAreFound() throws {
        var random = RandomSource(seed: freshSeed("small faces"))
        let sample = try ImageDecoder().decode(path: Photographs.samples[0])
        let detector = try Photographs.detector(SelectedDevice(.cpu))
        let large = try #require(try detector.detect([sample])[0].first)
        let scale = 24 / large.box.width
        let small = sample.resized(
            width: Int(Double(sample.width) * scale), height: Int(Double(sample.height) * scale))
        var canvas = Image(width: 5200, height: 3900, color: Color(90, 100, 110))
        let (x, y) = (Int.random(in: 0..<5000, using: &random), Int.random(in: 0..<3700, using: &random))
        canvas.draw(small, in: Rectangle(x: x, y: y, width: small.width, height: small.height))
        let faces = try detector.detect([canvas])[0]
        let centre = large.box.centre
        #expect(
            faces.contains { face in
                abs(face.box.centre.x - (Double(x) + centre.x * scale)) < 5
                    && abs(face.box.centre.y - (Double(y) + centre.y * scale)) < 5
            }, "at \(x), \(y): \(faces)")
        // Once, although tiles overlap.
        #expect(faces.count == 1)
    }

    /// A face that fills a photograph of several megapixels.
    @Test func hugeFacesAreFound() throws {
        let sample = try ImageDecoder().decode(path: Photographs.samples[0])
        let detector = try Photographs.detector(SelectedDevice(.cpu))
        let box = try #require(try detector.detect([sample])[0].first).box
        let face = sample.cropped(
            to: Rectangle(
                x: Int(box.x - box.width / 3), y: Int(box.y - box.height / 3), width: Int(box.width * 5 / 3),
                height: Int(box.height * 5 / 3)))
        let found = try detector.detect([face.resized(width: 3000, height: 3000 * face.height / face.width)])[
            0]
        #expect(found.count == 1 && found[0].box.width > 1200, "\(found)")
    }

    @Test func modelsOfTheWrongKindAreRefused() throws {
        let models = try #require(Photographs.models)
        let detector = #expect(throws: SemblanceError.self) {
            try DetectionModel(path: "\(models)/sface.onnx")
        }
        #expect(detector?.code == .invalidModel && detector?.message.contains("cls_8") == true)
        let recognizer = #expect(throws: SemblanceError.self) {
            try RecognitionModel(path: "\(models)/yunet.onnx")
        }
        #expect(recognizer?.code == .invalidModel && recognizer?.message.contains("12 outputs") == true)
    }
}
