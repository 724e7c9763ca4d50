import Foundation
import Semblance

enum VerifyCommand: Command {
    static let name = "verify"
    static let summary = "Say whether two face images show the same person."
    static let operands = "IMAGE IMAGE"
    static let options =
        [FaceOptions.model, FaceOptions.crop] + ThresholdOptions.options + [Option.json] + Option.device

    private struct Report: Encodable {
        var images: [String]
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
        let recognizer = try FaceOptions.recognizer(arguments, batch: 2)
        let threshold = try ThresholdOptions.threshold(arguments, recognizer.model)
        let faces = try paths.map { (path) throws(SemblanceError) in try FaceOptions.face(path, arguments) }
        let embeddings = try recognizer.embed(faces)
        let similarity = try embeddings[0].similarity(to: embeddings[1])
        let outcome =
            switch threshold {
            case .value(let value, _): similarity >= value ? "same" : "different"
            case .none: "undecided"
            }
        if arguments.flag("--json") {
            try Console.json(
                Report(
                    images: paths, outcome: outcome, similarity: similarity, threshold: threshold.value,
                    falseAcceptRate: threshold.falseAcceptRate, note: threshold.note,
                    model: recognizer.model.identity, device: DeviceReport(recognizer.device)))
        } else {
            Console.print("\(outcome): similarity \(similarity.formatted(4)), \(threshold)")
            Console.print("device \(recognizer.device.line)")
        }
        return 0
    }
}
