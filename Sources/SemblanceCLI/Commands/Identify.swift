import Foundation
import Semblance
import SemblanceCore
import SemblanceImaging

enum IdentifyCommand: Command {
    static let name = "identify"
    static let summary = "Say who is in photographs, by comparing the faces with those of known people."
    static let operands = "IMAGE|FOLDER|-..."
    static let options =
        [
            Option(
                "--gallery", "FILE|DIR",
                "known people: a gallery file, or a folder: DIR/person/image, DIR/person.jpg"),
            Option("-k", "N", "people to list for each face (default: 1)"),
        ] + FaceOptions.recognition(.all) + ThresholdOptions.options + [
            SpotChecking.option, FaceOptions.strict, Drawing.option,
            Option("--sheet", "FILE", "write a contact sheet (PNG) of probes and matches"), Option.json,
        ] + Option.device
    static let details = """
        Every face of a photograph gets an answer of its own; of enrolled photographs the largest face counts. The nearest person is named where the similarity reaches the threshold; below it the outcome is "unknown". A model
        without a calibrated threshold leaves it "undecided" unless --threshold is given.
        """

    private struct Report: Encodable {
        var image: String
        var face: DetectedFace?
        var outcome: String
        var name: String?
        var similarity: Float?
        var threshold: Float?
        var falseAcceptRate: Double?
        var note: String?
        var matches: [Gallery.Match]
        var model: ModelIdentity
        var device: DeviceReport
    }

    static func run(_ arguments: Arguments) throws -> Int32 {
        let probes = try ImagePaths(arguments, command: name)
        let count = try arguments.integer("-k", 1...10_000) ?? 1
        let isJSON = arguments.flag("--json")
        let known = try KnownPeople(arguments.required("--gallery"))
        var drawing = try Drawing(arguments)
        let photos = try FaceOptions.photos(arguments, batch: 16, faces: .all)
        let recognizer = photos.recognizer
        let threshold = try ThresholdOptions.threshold(arguments, recognizer.model)
        var checks = try SpotChecking(arguments, photos)
        let gallery = try gallery(known, photos, arguments, &checks)
        var sheet = ResultSheet(people: Set(try gallery.names))

        // The first photograph's answer needs no index; the others' come faster with one.
        var index: GalleryIndex?
        var isFirst = true
        func nearest(_ probes: [Embedding]) throws -> [[Gallery.Match]] {
            defer { isFirst = false }
            if isFirst {
                return try gallery.search(
                    probes, count: count, on: recognizer.device, onFault: .moveToCPU)
            }
            let known =
                try index
                ?? gallery.index(batch: 1, count: count, on: recognizer.device, onFault: .moveToCPU)
            index = known
            return try known.search(probes)
        }

        var run = PhotoRun(photos, PhotoFailures(arguments), checks: checks)
        run.acceptsNoFace = true
        try run.read(probes) { _, path, photo, faces in
            if faces.isEmpty {
                if isJSON {
                    try Console.json(FailedImage(path, .noFace))
                } else {
                    Console.print("\(path): no face")
                }
            }
            var labels: [Drawing.Label] = []
            let found = try nearest(faces.map(\.embedding))
            for (index, (face, matches)) in zip(faces, found).enumerated() {
                guard let best = matches.first else { continue }
                let isAccepted = threshold.value.map { best.similarity >= $0 }
                if arguments.text("--sheet") != nil {
                    try sheet.add(
                        probe: path, photo.face(face.face), match: best, isAccepted: isAccepted, photos)
                }
                let answer =
                    switch isAccepted {
                    case true?: best.name
                    case false?: "unknown"
                    case nil: "undecided"
                    }
                if let box = face.face {
                    labels.append(
                        Drawing.Label(
                            face: box, text: "\(answer) \(best.similarity.formatted(2))",
                            color: isAccepted == true ? .right : .neutral))
                }
                if isJSON {
                    try Console.json(
                        Report(
                            image: path, face: face.face, outcome: isAccepted == true ? "match" : answer,
                            name: isAccepted == true ? best.name : nil, similarity: best.similarity,
                            threshold: threshold.value, falseAcceptRate: threshold.falseAcceptRate,
                            note: threshold.note, matches: matches, model: face.embedding.model,
                            device: DeviceReport(recognizer.device)))
                    continue
                }
                let which = faces.count > 1 ? " face \(index + 1)" : ""
                Console.print(
                    "\(path)\(which): \(answer) (nearest \(best.name) at \(best.similarity.formatted(4)))")
                for match in matches.dropFirst() {
                    Console.print("    \(match.name) \(match.similarity.formatted(4))")
                }
            }
            try drawing.write(photo, of: path, labels)
        }
        if !isJSON {
            Console.print("\(threshold); device \(recognizer.device.line)")
        }
        if let path = arguments.text("--sheet") { try sheet.write(to: path) }
        return try run.finish()
    }

    /// Where known people come from.
    private enum KnownPeople {
        case folder(GalleryFolder)
        case file(GalleryFile)

        init(_ path: String) throws(SemblanceError) {
            self =
                isFolder(path)
                ? .folder(try GalleryFolder(root: path)) : .file(try GalleryFile(path: path, for: .reading))
        }
    }

    private static func gallery(
        _ known: KnownPeople, _ photos: PhotoRecognizer, _ arguments: Arguments, _ checks: inout SpotChecking
    ) throws -> Gallery {
        switch known {
        case .folder(let folder): return try gallery(folder, photos, arguments, &checks)
        case .file(let file):
            try file.require(photos.recognizer.model.identity)
            guard try file.faceCount > 0 else {
                throw SemblanceError(
                    .invalidInput, "nobody is enrolled in \(file.path)",
                    remedy: "semblance enroll NAME PHOTO... --gallery \(file.path)")
            }
            return Gallery(file: file)
        }
    }

    /// Embeds a folder of known people: the largest face of each photograph.
    private static func gallery(
        _ folder: GalleryFolder, _ photos: PhotoRecognizer, _ arguments: Arguments,
        _ checks: inout SpotChecking
    ) throws -> Gallery {
        let enrolling = try PhotoRecognizer(
            photos.recognizer, detector: photos.detector, selection: .largest, crop: photos.crop)
        var names = folder.images.map(\.name)[...]
        var gallery = Gallery(model: photos.recognizer.model.identity)
        try enrolling.recognize(paths: folder.images.map(\.path)) { path, photo, outcome in
            let name = names.removeFirst()
            do {
                guard let photo, let face = try outcome.get().first else { throw SemblanceError.noFace }
                try checks.check(path, photo, [face])
                try gallery.enroll(name, source: path, face.embedding)
            } catch let error as SemblanceError where error.isOfPhoto && !arguments.flag("--strict") {
                Console.error("gallery: \(error.naming(path))")
            }
        }
        guard try gallery.faceCount > 0 else {
            throw SemblanceError(
                .invalidInput, "no image of the gallery \(folder.root) can be used",
                remedy: "put one folder of PNG or JPEG images for each person there")
        }
        return gallery
    }
}
