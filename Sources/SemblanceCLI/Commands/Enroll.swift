import Foundation
import Semblance
import SemblanceCore
import SemblanceImaging

enum EnrollCommand: Command {
    static let name = "enroll"
    static let summary = "Add people to a gallery file, from photographs."
    static let operands = "NAME PHOTO... | FOLDER"
    static let options =
        [Option("--gallery", "FILE", "the gallery; made where there is none")]
        + FaceOptions.recognition(.only) + [SpotChecking.option, FaceOptions.strict, Option.json]
        + Option.device
    static let details = """
        Takes somebody's name and photographs (files, folders, or - for a list on standard input), or a folder of people:
        FOLDER/person/photo or FOLDER/person.jpg. A photograph is enrolled when its line is printed: whatever happens to the program then,
        it stays. Several programs may enroll into one gallery at once. A photograph that is there already is not added again.
        With --check-every a disagreement ends the run, and its photograph is not enrolled.
        """

    private struct Report: Encodable {
        var image: String
        var outcome: String
        var name: String
        var face: DetectedFace?
        var gallery: String
        var model: ModelIdentity
        var device: DeviceReport
    }

    static func run(_ arguments: Arguments) throws -> Int32 {
        let path = try arguments.required("--gallery")
        let source = try Source(arguments)
        let photos = try FaceOptions.photos(arguments, batch: 16, faces: .only)
        let recognizer = photos.recognizer
        let gallery = try GalleryFile(
            path: path, creatingFor: recognizer.model.identity, dimension: recognizer.dimension)
        var batch: [(face: EnrolledFace, detected: DetectedFace?)] = []
        var added = 0

        func flush() throws {
            let enrollment = try gallery.enroll(batch.map(\.face))
            added += enrollment.added
            let duplicates = Set(enrollment.duplicates)
            for (index, (face, detected)) in batch.enumerated() {
                let outcome = duplicates.contains(index) ? "duplicate" : "enrolled"
                if arguments.flag("--json") {
                    try Console.json(
                        Report(
                            image: face.photo.path, outcome: outcome, name: face.person, face: detected,
                            gallery: path, model: gallery.model, device: DeviceReport(recognizer.device)))
                } else {
                    Console.print("\(face.photo.path): \(outcome) as \(face.person)")
                }
            }
            batch = []
        }

        let checks = try SpotChecking(arguments, photos, isStrict: true)
        var run = PhotoRun(photos, PhotoFailures(arguments), checks: checks)
        try run.read(source.paths) { index, path, _, faces in
            for (place, face) in faces.enumerated() {
                let photo = PhotoReference(path: absolutePath(path), face: place, box: face.face?.box)
                let enrolled = EnrolledFace(
                    person: source.name(index), photo: photo, embedding: face.embedding)
                batch.append((enrolled, face.face))
            }
            if batch.count >= 16 { try flush() }
        }
        try flush()
        if !arguments.flag("--json") {
            let (people, faces) = (try gallery.personCount, try gallery.faceCount)
            Console.print(
                "\(added) faces added; \(path) holds \(faces) of \(people) people\ndevice \(recognizer.device.line)"
            )
        }
        return try run.finish()
    }

    private static func absolutePath(_ path: String) -> String {
        path.hasPrefix("/") ? path : FileManager.default.currentDirectoryPath + "/" + path
    }

    /// Whose photographs are enrolled.
    private struct Source {
        /// Who is in the photograph of that number.
        let name: (Int) -> String
        let paths: AnySequence<String>

        init(_ arguments: Arguments) throws(SemblanceError) {
            let operands = arguments.operands
            if operands.count == 1, isFolder(operands[0]) {
                let folder = try GalleryFolder(root: operands[0])
                name = { folder.images[$0].name }
                paths = AnySequence(folder.images.map(\.path))
            } else {
                guard operands.count >= 2 else {
                    throw SemblanceError(
                        .usage, "enroll takes a name and photographs, or a folder of people",
                        remedy: "semblance enroll NAME PHOTO... --gallery FILE")
                }
                name = { _ in operands[0] }
                paths = AnySequence(ImagePaths(operands: Array(operands.dropFirst())))
            }
        }
    }
}
