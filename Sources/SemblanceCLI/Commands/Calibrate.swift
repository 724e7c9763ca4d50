import Foundation
import Semblance
import SemblanceCore

enum CalibrateCommand: Command {
    static let name = "calibrate"
    static let summary = "Measure a model's thresholds on labelled photographs, and store them in the model."
    static let operands = "[IMAGES]"
    static let options =
        MeasuredFaces.options + [
            Option("--pairs", "FILE", "LFW's pairs.txt (default: the pairs of IMAGES/person/image)"),
            Option("--far", "RATE", "the false accept rate of the default threshold (default: 0.001)"),
            Option("--output", "FILE", "write the calibrated model here (default: the model's own file)"),
            Option("--name", "TEXT", "what the data set is called (default: the name of the folder or list)"),
            Option("--date", "TEXT", "a date to store with the evidence"), Option.json,
        ] + Option.device
    static let details = """
        The threshold for a false accept rate of 0.001 is the lowest at which at most one in 1,000 pairs of different people is
        accepted; so many pairs are needed. Take people whom the model was not trained on. The file's network stays as it is.
        """

    private struct Report: Encodable {
        var model: String
        var identity: ModelIdentity
        var calibration: Calibration
        var threshold: Float?
        var falseAcceptRate: Double?
        var device: DeviceReport
    }

    static func run(_ arguments: Arguments) throws -> Int32 {
        let root = try MeasuredFaces.folder(arguments)
        let rate = try arguments.number("--far", 1e-6...0.5) ?? 1e-3
        let named = try arguments.required("--model")
        let model = try ModelFolder.resolve(named)
        guard named == model || arguments.text("--output") != nil else {
            throw SemblanceError(
                .usage, "\(named) is a pretrained model, whose file stays as it was fetched",
                remedy: "name a file for the calibrated model with --output")
        }
        let output = arguments.text("--output") ?? model
        try checkWritable(output)
        let source: Calibration.Source
        if let path = arguments.text("--pairs") {
            let list = try PairList(path: path, root: root)
            try list.checkFiles()
            source = .pairs(list)
        } else {
            source = .folder(try FaceFolder(root: root))
        }
        let faces = try MeasuredFaces(arguments)
        var calibrated = faces.recognizer.model
        let calibration = try Calibration.measured(
            on: source, falseAcceptRate: rate,
            name: arguments.text("--name") ?? dataset(arguments.text("--pairs") ?? root),
            detector: faces.detector, date: arguments.text("--date")
        ) { (paths) throws in try faces.outcomes(paths) }
        calibrated.description.calibration = calibration
        try calibrated.write(from: model, to: output)

        let point = calibration.recommended
        if arguments.flag("--json") {
            try Console.json(
                Report(
                    model: output, identity: calibrated.identity, calibration: calibration,
                    threshold: point?.threshold, falseAcceptRate: point?.falseAcceptRate,
                    device: DeviceReport(faces.recognizer.device)))
            return 0
        }
        Console.print(
            (InfoCommand.lines(of: calibration) + ["wrote        \(output)"]).joined(separator: "\n"))
        Console.print("device       \(faces.recognizer.device.line)")
        return 0
    }

    /// The last part of a path.
    private static func dataset(_ path: String) -> String {
        path.split(separator: "/").last { $0 != "." }.map(String.init) ?? path
    }
}
