import Foundation
import Semblance
import SemblanceCore

enum QuantiseCommand: Command {
    static let name = "quantise"
    static let summary = "Make a faster model that computes on bytes where its embeddings stay what they are."
    static let operands = "IMAGE|FOLDER|-..."
    static let options =
        FaceOptions.recognition(.all) + [
            Option("--output", "FILE", "write the quantised model here"),
            Option("--limit", "N", "use so many faces (default: 400)"),
            Option(
                "--difference", "COSINE",
                "how much the cosine of two faces may change on average (default: 0.005)"),
            Option("--verbose", nil, "tell what rounding each layer changes"), FaceOptions.strict,
            Option.json,
        ] + Option.device
    static let details = """
        Half of the faces set the levels that values are rounded to, the other half tell what that changed. Layers whose rounding changes too much
        stay in floats. The result is an ordinary ONNX file (QuantizeLinear and DequantizeLinear) and a model of its own: galleries and thresholds of the
        float model are not its. Ends with 1 where a photograph could not be used.
        """

    private struct Report: Encodable {
        var output: String
        var identity: ModelIdentity
        var quantisation: QuantisationSummary?
        var device: DeviceReport
    }

    static func run(_ arguments: Arguments) throws -> Int32 {
        let paths = try ImagePaths(arguments, command: name)
        let output = try arguments.required("--output")
        let limit = try arguments.integer("--limit", 16...100_000) ?? 400
        let difference = try arguments.number("--difference", 1e-6...1) ?? 0.005
        try checkWritable(output)
        let source = try FaceOptions.path("--model", standard: "sface", arguments)
        guard !isSameFile(source, output) else {
            throw SemblanceError(
                .usage, "--output names the model itself, whose floats would be lost",
                remedy: "write the quantised model to a file of its own")
        }
        let photos = try FaceOptions.photos(arguments, batch: 4, faces: .all)
        var failures = PhotoFailures(arguments)
        let isVerbose = arguments.flag("--verbose")
        let quantiser = Quantiser(photos.recognizer.model, on: photos.recognizer.device) { line in
            if isVerbose { Console.error(line) }
        }
        let views = try photos.views(paths: paths, limit: limit) { (path, error) throws(SemblanceError) in
            try failures.add(path, error)
        }
        let model = try quantiser.quantised(views, allowedDifference: difference)
        try model.write(to: output)
        if let measured = model.description.quantisation?.meanCosineDifference, measured > difference {
            Console.error(
                "note: on other faces the cosine of two changes by \(measured.formatted(5)), more than \(difference): give more faces, or a smaller --difference"
            )
        }
        if arguments.flag("--json") {
            try Console.json(
                Report(
                    output: output, identity: model.identity, quantisation: model.description.quantisation,
                    device: DeviceReport(photos.recognizer.device)))
            return failures.exitCode
        }
        var lines = ["wrote        \(output): \(model.identity)"]
        if let summary = model.description.quantisation { lines += InfoCommand.lines(of: summary) }
        lines.append("device       \(photos.recognizer.device.line)")
        Console.print(lines.joined(separator: "\n"))
        return failures.exitCode
    }

    private static func isSameFile(_ a: String, _ b: String) -> Bool {
        var (one, other) = (stat(), stat())
        return stat(a, &one) == 0 && stat(b, &other) == 0 && one.st_dev == other.st_dev
            && one.st_ino == other.st_ino
    }
}

extension InfoCommand {
    static func lines(of summary: QuantisationSummary) -> [String] {
        let floats = summary.floatLayers.isEmpty ? "none" : summary.floatLayers.joined(separator: ", ")
        return [
            "quantised    \(summary.layers.count) layers of \(summary.source), \(summary.share.percent) of the products; left in floats: \(floats)",
            """
            change       cosine of embeddings before and after \((1 - summary.loss).formatted(5)), of two faces \
            \(summary.meanCosineDifference.formatted(5)) on average, on \(summary.measuredFaces) other faces than set the levels
            """,
        ]
    }
}
