import Foundation
import Semblance
import SemblanceCore

enum AlignCommand: Command {
    static let name = "align"
    static let summary = "Cut faces out of photographs, turned and scaled to the points that models expect."
    static let operands = "IMAGE|FOLDER|-..."
    static let options =
        [
            Option("--output", "DIR", "where the crops go, as NAME.png, NAME-2.png, ..."),
            Option("--size", "PIXELS", "side of the crops (default: 112)"),
            Option("--faces", "WHICH", "all, largest, central or only (default: all)"),
        ] + FaceOptions.detector + [FaceOptions.strict, Option.json] + Option.device

    private struct Report: Encodable {
        var image: String
        var crop: String
        var face: DetectedFace
        var device: DeviceReport
    }

    static func run(_ arguments: Arguments) throws -> Int32 {
        let paths = try ImagePaths(arguments, command: name)
        let folder = try arguments.required("--output")
        let selection = try arguments.choice("--faces", FaceSelection.self) ?? .all
        let size = try arguments.integer("--size", 16...1024) ?? 112
        try makeFolder(folder)
        let device = try arguments.device()
        let detector = try FaceOptions.detector(arguments, on: device)
        let aligner = try FaceAligner(size: size, device: device, onFault: .moveToCPU)
        let isJSON = arguments.flag("--json")
        var names = FreshNames()
        var failures = PhotoFailures(arguments)
        try PhotoReader(batch: paths.batch(atMost: 16)).read(paths) { photos in
            var found = try detector.detect(photos.compactMap { try? $0.image.get() })[...]
            for photo in photos {
                do {
                    let image = try photo.image.get()
                    let faces = try selection.select(
                        found.popFirst() ?? [], width: image.width, height: image.height)
                    guard !faces.isEmpty else { throw SemblanceError.noFace }
                    for (face, crop) in zip(faces, try aligner.align(faces.map { (image, $0) })) {
                        let path = "\(folder)/\(names.name(for: photo.path))"
                        try crop.writePNG(to: path)
                        if isJSON {
                            try Console.json(
                                Report(
                                    image: photo.path, crop: path, face: face, device: DeviceReport(device)))
                        } else {
                            Console.print("\(photo.path): \(path)")
                        }
                    }
                } catch let error as SemblanceError where error.isOfPhoto {
                    try failures.add(photo.path, error)
                }
            }
        }
        if !isJSON { Console.error("device \(device.line)") }
        return failures.exitCode
    }
}
