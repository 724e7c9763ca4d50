import Foundation
import Semblance

enum EvaluateCommand: Command {
    static let name = "evaluate"
    static let summary =
        "Measure a model: verification on a list of pairs, or identification in a folder of people."
    static let operands = ""
    static let options =
        [
            FaceOptions.model, Option("--images", "DIR", "people: DIR/person/image"),
            Option(
                "--pairs", "FILE",
                "LFW's pairs.txt: verify these pairs; without it, identify with one enrolled image each"),
            Option(
                "--threshold", "COSINE", "of the verification (default: the model's best on held-out people)"),
            Option("--pixels", nil, "compare raw pixels instead of embeddings: the baseline"),
            FaceOptions.crop, Option.json,
        ] + Option.device

    static func run(_ arguments: Arguments) throws -> Int32 {
        _ = try arguments.operands(0, "no operands")
        let root = try arguments.required("--images")
        let recognizer = try FaceOptions.recognizer(arguments, batch: 16)
        let compares = arguments.flag("--pixels")
        let embed = { (images: [Image]) throws(SemblanceError) in
            try compares
                ? images.map { RawPixels.vector(of: $0, format: recognizer.model.description.input) }
                : recognizer.embed(images).map(\.values)
        }
        let faces = FaceVectors(arguments: arguments, embed: embed)
        if let pairs = arguments.text("--pairs") {
            let list = try PairList(path: pairs, root: root)
            let scores = try PairScores(list, try faces.vectors(of: list.paths))
            var threshold = try arguments.number("--threshold", -1...1).map { Float($0) }
            if threshold == nil, !compares,
                case .calibrated(let summary, _) = recognizer.model.description.calibration
            {
                threshold = summary.bestThreshold
            }
            let report = scores.report(threshold: threshold)
            try show(report, recognizer, arguments)
        } else {
            let folder = try FaceFolder(root: root)
            let report = try ClosedSetReport(folder) { (paths) throws in try faces.vectors(of: paths) }
            try show(report, recognizer, arguments)
        }
        return 0
    }

    private static func show(
        _ figures: some Encodable & CustomStringConvertible, _ recognizer: FaceRecognizer,
        _ arguments: Arguments
    ) throws(SemblanceError) {
        if arguments.flag("--json") {
            try Console.json(
                Report(
                    figures: figures, model: recognizer.model.identity,
                    device: DeviceReport(recognizer.device)))
        } else {
            Console.print("\(figures)\ndevice \(recognizer.device.line)")
        }
    }

    /// Figures with what they were measured with, in one flat object.
    private struct Report<Figures: Encodable>: Encodable {
        var figures: Figures
        var model: ModelIdentity
        var device: DeviceReport

        private enum Key: CodingKey { case model, device }

        func encode(to encoder: any Encoder) throws {
            try figures.encode(to: encoder)
            var container = encoder.container(keyedBy: Key.self)
            try container.encode(model, forKey: .model)
            try container.encode(device, forKey: .device)
        }
    }
}

/// Embeds files in batches; every image counts, so an unreadable one is an error.
private struct FaceVectors {
    let arguments: Arguments
    let embed: ([Image]) throws(SemblanceError) -> [[Float]]

    func vectors(of paths: [String]) throws -> [[Float]] {
        var result: [[Float]] = []
        for start in stride(from: 0, to: paths.count, by: 64) {
            let part = paths[start..<min(start + 64, paths.count)]
            result += try embed(
                part.map { (path) throws(SemblanceError) in try FaceOptions.face(path, arguments) })
        }
        return result
    }
}
