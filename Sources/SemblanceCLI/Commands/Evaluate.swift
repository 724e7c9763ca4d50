import Foundation
import Semblance
import SemblanceCore

enum EvaluateCommand: Command {
    static let name = "evaluate"
    static let summary =
        "Measure a model: verification on a list of pairs, or identification in folders of people."
    static let operands = "[IMAGES]"
    static let options =
        MeasuredFaces.options + [
            Option("--pairs", "FILE", "LFW's pairs.txt: verify these pairs of IMAGES/Name/Name_0001.jpg"),
            Option(
                "--threshold", "COSINE", "set beforehand, for the pairs' right answers (beside the model's)"),
            Option("--scores", "FILE", "write each pair's cosine, one a line in the list's order"),
            Option("--pixels", nil, "compare raw pixels instead of embeddings: the baseline"),
            Option("--verbose", nil, "list the pairs and photographs without a score"), Option.json,
        ] + Option.device
    static let details = """
        With --pairs: accuracy over folds, each at the threshold that is best on the others; ROC, TAR@FAR. The list's first line is
        the number of folds and of pairs of each kind, or that of pairs alone: then folds are tenths of the list in order. A pair with a
        photograph that shows no face or cannot be read is a wrong answer, and counted.
        With IMAGES/person/image alone: rank-1 with one enrolled image each.
        """

    static func run(_ arguments: Arguments) throws -> Int32 {
        let root = try MeasuredFaces.folder(arguments)
        let threshold = try arguments.number("--threshold", -1...1).map { Float($0) }
        if let pairs = arguments.text("--pairs") {
            if let path = arguments.text("--scores") { try checkWritable(path) }
            let list = try PairList(path: pairs, root: root)
            try list.checkFiles()
            try verify(list, threshold, arguments)
            return 0
        }
        for option in ["--threshold", "--scores"] where arguments.text(option) != nil {
            throw SemblanceError(
                .usage, "\(option) is for verification",
                remedy: "give a list of pairs with --pairs, or leave it out")
        }
        let folder = try FaceFolder(root: root)
        let faces = try MeasuredFaces(arguments)
        let report = try ClosedSetReport(folder) { (paths) throws in try faces.outcomes(paths) }
        try show(report, "\(report)", faces, arguments)
        return 0
    }

    private static func verify(_ list: PairList, _ threshold: Float?, _ arguments: Arguments) throws {
        let faces = try MeasuredFaces(arguments)
        var thresholds = threshold.map { [(source: "--threshold", value: $0)] } ?? []
        if faces.model != nil { thresholds += thresholdsOf(faces.recognizer.model) }
        let scores = PairScores(list, try faces.outcomes(list.paths))
        if let path = arguments.text("--scores") { try scores.write(to: path) }
        if arguments.flag("--verbose") {
            for pair in scores.unscored {
                Console.error("line \(pair.line): \(pair.reason): \(pair.images.joined(separator: ", "))")
            }
        }
        let report = VerificationReport(scores, thresholds: thresholds)
        try show(report, ReportRow.table(report.rows), faces, arguments)
    }

    /// The thresholds that a model brings along.
    private static func thresholdsOf(_ model: RecognitionModel) -> [(source: String, value: Float)] {
        let calibration = model.description.calibration
        guard case .calibrated(let summary, _) = calibration else { return [] }
        let point = calibration.recommended.map {
            (source: "the model's for FAR \($0.falseAcceptRate)", value: $0.threshold)
        }
        return [point].compactMap(\.self) + [
            ("the model's best on its calibration pairs", summary.bestThreshold)
        ]
    }

    private static func show(
        _ figures: some Encodable, _ table: String, _ faces: MeasuredFaces, _ arguments: Arguments
    ) throws(SemblanceError) {
        let device = faces.recognizer.device
        if arguments.flag("--json") {
            try Console.json(
                Report(
                    figures: figures, model: faces.model, detector: faces.detector,
                    device: DeviceReport(device)))
        } else {
            Console.print("\(table)\ndevice \(device.line)")
        }
    }

    /// Figures with what they were measured with, in one object.
    private struct Report<Figures: Encodable>: Encodable {
        var figures: Figures
        var model: ModelIdentity?
        var detector: String
        var device: DeviceReport

        private enum Key: CodingKey { case model, detector, device }

        func encode(to encoder: any Encoder) throws {
            try figures.encode(to: encoder)
            var container = encoder.container(keyedBy: Key.self)
            try container.encodeIfPresent(model, forKey: .model)
            try container.encode(detector, forKey: .detector)
            try container.encode(device, forKey: .device)
        }
    }
}
