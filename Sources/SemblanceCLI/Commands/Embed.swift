import Foundation
import Semblance

enum EmbedCommand: Command {
    static let name = "embed"
    static let summary = "Print the embeddings of face images."
    static let operands = "IMAGE..."
    static let options =
        [FaceOptions.model, FaceOptions.crop, FaceOptions.strict, Option.json] + Option.device
    static let details =
        "An embedding is a unit vector; without --json a line holds the file and the numbers."

    private struct Report: Encodable {
        var image: String
        var embedding: [Float]
        var model: ModelIdentity
        var device: DeviceReport
    }

    static func run(_ arguments: Arguments) throws -> Int32 {
        guard !arguments.operands.isEmpty else {
            throw SemblanceError(
                .usage, "embed needs an image", remedy: "semblance embed --model M.onnx IMAGE...")
        }
        let recognizer = try FaceOptions.recognizer(arguments, batch: min(arguments.operands.count, 16))
        let isJSON = arguments.flag("--json")
        var reader = FaceReader(recognizer, arguments)
        try reader.embed(arguments.operands) { path, error in
            if isJSON { try Console.json(FailedImage(image: path, error: "\(error)")) }
            Console.error("\(error)")
        } _: { index, embedding in
            let path = arguments.operands[index]
            if isJSON {
                try Console.json(
                    Report(
                        image: path, embedding: embedding.values, model: embedding.model,
                        device: DeviceReport(recognizer.device)))
            } else {
                Console.print(([path] + embedding.values.map { String($0) }).joined(separator: " "))
            }
        }
        // Standard output has the numbers alone.
        if !isJSON { Console.error("device \(recognizer.device.line)") }
        return reader.failures == 0 ? 0 : 1
    }
}
