import Foundation
import Semblance

enum IdentifyCommand: Command {
    static let name = "identify"
    static let summary = "Say who is in face images, by comparing them with a folder of known people."
    static let operands = "IMAGE..."
    static let options =
        [
            FaceOptions.model,
            Option("--gallery", "DIR", "known people: DIR/person/image, or DIR/person.jpg"),
            Option("-k", "N", "people to list for each image (default: 1)"),
        ] + ThresholdOptions.options + [
            FaceOptions.crop, FaceOptions.strict,
            Option("--sheet", "FILE", "write a contact sheet (PNG) of probes and matches"), Option.json,
        ] + Option.device
    static let details = """
        The nearest person is named where the similarity reaches the threshold; below it the outcome is "unknown". A model
        without a calibrated threshold leaves it "undecided" unless --threshold is given.
        """

    private struct Report: Encodable {
        var image: String
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
        let probes = arguments.operands
        guard !probes.isEmpty else {
            throw SemblanceError(
                .usage, "identify needs an image",
                remedy: "semblance identify --model M.onnx --gallery DIR IMAGE...")
        }
        let count = try arguments.integer("-k", 1...10_000) ?? 1
        let isJSON = arguments.flag("--json")
        let enrolled = try GalleryFolder(root: arguments.required("--gallery"))
        let recognizer = try FaceOptions.recognizer(arguments, batch: 16)
        let threshold = try ThresholdOptions.threshold(arguments, recognizer.model)
        var reader = FaceReader(recognizer, arguments)

        var gallery = Gallery(model: recognizer.model.identity)
        try reader.embed(enrolled.images.map(\.path)) { path, error in
            Console.error("gallery: \(error)")
        } _: { index, embedding in
            try gallery.enroll(enrolled.images[index].name, source: enrolled.images[index].path, embedding)
        }
        guard try gallery.faceCount > 0 else {
            throw SemblanceError(
                .invalidInput, "no image of the gallery \(enrolled.root) can be read",
                remedy: "put one folder of PNG or JPEG images for each person there")
        }

        let unreadable = reader.failures
        var sheet = ResultSheet(people: Set(try gallery.names))
        try reader.embed(probes) { path, error in
            if isJSON { try Console.json(FailedImage(image: path, error: "\(error)")) }
            Console.error("\(error)")
        } _: { index, embedding in
            let matches = try gallery.search([embedding], count: count)[0]
            guard let best = matches.first else { return }
            let isAccepted = threshold.value.map { best.similarity >= $0 }
            let outcome = isAccepted.map { $0 ? "match" : "unknown" } ?? "undecided"
            if arguments.text("--sheet") != nil {
                try sheet.add(probe: probes[index], match: best, isAccepted: isAccepted, arguments)
            }
            if isJSON {
                try Console.json(
                    Report(
                        image: probes[index], outcome: outcome, name: isAccepted == true ? best.name : nil,
                        similarity: best.similarity, threshold: threshold.value,
                        falseAcceptRate: threshold.falseAcceptRate, note: threshold.note, matches: matches,
                        model: embedding.model, device: DeviceReport(recognizer.device)))
                return
            }
            let answer =
                switch isAccepted {
                case true?: best.name
                case false?: "unknown"
                case nil: "undecided"
                }
            Console.print(
                "\(probes[index]): \(answer) (nearest \(best.name) at \(best.similarity.formatted(4)))")
            for match in matches.dropFirst() {
                Console.print("    \(match.name) \(match.similarity.formatted(4))")
            }
        }
        if !isJSON {
            Console.print("\(threshold); device \(recognizer.device.line)")
        }
        if let path = arguments.text("--sheet") { try sheet.write(to: path) }
        return reader.failures == unreadable ? 0 : 1
    }
}
