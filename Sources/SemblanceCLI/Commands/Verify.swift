import Foundation
import Semblance

enum VerifyCommand: Command {
    static let name = "verify"
    static let summary = "Say whether two images show the same person."
    static let operands = "IMAGE IMAGE"
    static let options =
        FaceOptions.recognition(.only) + ThresholdOptions.options + [Option.json] + Option.device

    private struct Report: Encodable {
        var images: [String]
        var faces: [DetectedFace?]
        var outcome: String
        var similarity: Float
        var threshold: Float?
        var falseAcceptRate: Double?
        var note: String?
        var model: ModelIdentity
        var device: DeviceReport
    }

    static func run(_ arguments: Arguments) throws -> Int32 {
        let paths = try arguments.operands(2, "two images")
        let photos = try FaceOptions.photos(arguments, batch: 2, faces: .only)
        let recognizer = photos.recognizer
        let threshold = try ThresholdOptions.threshold(arguments, recognizer.model)
        var run = PhotoRun(photos, PhotoFailures())
        var faces: [RecognizedFace] = []
        try run.read(paths) { _, _, _, found in faces += found.prefix(1) }
        let similarity = try faces[0].embedding.similarity(to: faces[1].embedding)
        let outcome =
            threshold.value.map { similarity >= $0 ? "same" : "different" } ?? "undecided"
        if arguments.flag("--json") {
            try Console.json(
                Report(
                    images: paths, faces: faces.map(\.face), outcome: outcome, similarity: similarity,
                    threshold: threshold.value,
                    falseAcceptRate: threshold.falseAcceptRate, note: threshold.note,
                    model: recognizer.model.identity, device: DeviceReport(recognizer.device)))
        } else {
            Console.print("\(outcome): similarity \(similarity.formatted(4)), \(threshold)")
            Console.print("device \(recognizer.device.line)")
        }
        return 0
    }
}
