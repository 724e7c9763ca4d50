import Foundation
import Semblance

enum DetectCommand: Command {
    static let name = "detect"
    static let summary = "Find the faces in photographs, with five points each."
    static let operands = "IMAGE|FOLDER|-..."
    static let options =
        FaceOptions.detector + [Drawing.option, FaceOptions.strict, Option.json] + Option.device
    static let details = """
        Boxes and points are in pixels of the upright photograph (EXIF is followed). A line holds the file, x, y, width, height and score;
        a photograph without a face has one line that says so.
        """

    private struct Report: Encodable {
        var image: String
        var width: Int
        var height: Int
        var faces: [DetectedFace]
        var detector: ModelIdentity
        var device: DeviceReport
    }

    static func run(_ arguments: Arguments) throws -> Int32 {
        let paths = try ImagePaths(arguments, command: name)
        var drawing = try Drawing(arguments)
        let device = try arguments.device()
        let detector = try FaceOptions.detector(arguments, on: device)
        let isJSON = arguments.flag("--json")
        var failures = PhotoFailures(arguments)
        try PhotoReader(batch: paths.batch(atMost: 16)).read(paths) { photos in
            var found = try detector.detect(photos.compactMap { try? $0.image.get() })[...]
            for photo in photos {
                switch photo.image {
                case .failure(let error):
                    try failures.add(photo.path, error)
                case .success(let image):
                    let faces = found.popFirst() ?? []
                    try drawing.write(
                        image, of: photo.path,
                        faces.map { Drawing.Label(face: $0, text: $0.score.formatted(2)) })
                    if isJSON {
                        try Console.json(
                            Report(
                                image: photo.path, width: image.width, height: image.height, faces: faces,
                                detector: detector.model.identity, device: DeviceReport(device)))
                    } else if faces.isEmpty {
                        Console.print("\(photo.path): no face")
                    }
                    guard !isJSON else { continue }
                    for face in faces {
                        let numbers = [face.box.x, face.box.y, face.box.width, face.box.height]
                        Console.print(
                            "\(photo.path): \(numbers.map { $0.formatted(1) }.joined(separator: " ")) score \(face.score.formatted(3))"
                        )
                    }
                }
            }
        }
        if !isJSON { Console.error("device \(device.line)") }
        return failures.exitCode
    }
}
