import Foundation
import Semblance

enum EmbedCommand: Command {
    static let name = "embed"
    static let summary = "Print the embeddings of the faces in images."
    static let operands = "IMAGE|FOLDER|-..."
    static let options =
        FaceOptions.recognition(.all) + [SpotChecking.option, FaceOptions.strict, Option.json] + Option.device
    static let details =
        "An embedding is a unit vector; without --json a line holds the file and the numbers, one line a face."

    private struct Report: Encodable {
        var image: String
        var face: DetectedFace?
        var embedding: [Float]
        var model: ModelIdentity
        var device: DeviceReport
    }

    static func run(_ arguments: Arguments) throws -> Int32 {
        let paths = try ImagePaths(arguments, command: name)
        let photos = try FaceOptions.photos(arguments, batch: paths.batch(atMost: 16), faces: .all)
        let isJSON = arguments.flag("--json")
        var run = try PhotoRun(photos, PhotoFailures(arguments), checks: SpotChecking(arguments, photos))
        try run.read(paths) { _, path, _, faces in
            for face in faces {
                let embedding = face.embedding
                if isJSON {
                    try Console.json(
                        Report(
                            image: path, face: face.face, embedding: embedding.values, model: embedding.model,
                            device: DeviceReport(photos.recognizer.device)))
                } else {
                    Console.print(([path] + embedding.values.map { String($0) }).joined(separator: " "))
                }
            }
        }
        // Standard output has the numbers alone.
        if !isJSON { Console.error("device \(photos.recognizer.device.line)") }
        return try run.finish()
    }
}
