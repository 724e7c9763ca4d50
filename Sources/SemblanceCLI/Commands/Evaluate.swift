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
            Option("--gallery", "DIR", "identify against these people: DIR/person/image"),
            Option("--probe", "DIR", "other photographs of theirs"),
            Option("--unknown", "DIR", "photographs of people who are not in the gallery, for the open set"),
            Option("--report", "FILE", "write a page (HTML) with tables and diagrams"),
            Option("--pixels", nil, "compare raw pixels instead of embeddings: the baseline"),
            Option("--verbose", nil, "list the pairs and photographs without a score"), Option.json,
        ] + Option.device
    static let details = """
        With --pairs and IMAGES: accuracy over folds, each at the threshold that is best on the others; ROC, TAR@FAR. The list's first
        line is the number of folds and of pairs of each kind, or that of pairs alone: then folds are tenths of the list in order. A pair
        with a photograph that shows no face or cannot be read is a wrong answer, and counted.
        With --gallery and --probe: CMC and rank-1; with --unknown TPIR@FPIR, the rate of probes identified rightly and above the
        threshold at which so many unknown ones reach anybody.
        With IMAGES/person/image alone: rank-1 with one enrolled image each.
        A rate is withheld where there are too few cases to show it. Intervals are Wilson's, 95 %.
        """

    static func run(_ arguments: Arguments) throws -> Int32 {
        let threshold = try arguments.number("--threshold", -1...1).map { Float($0) }
        for option in ["--scores", "--report"] { try arguments.text(option).map(checkWritable) }
        if let root = arguments.text("--gallery") {
            try refuse(["--pairs", "--images", "--threshold", "--scores"], beside: "--gallery", arguments)
            _ = try arguments.operands(0, "no folder of images beside --gallery")
            try identify(FaceFolder(root: root, fewestPeople: 1), arguments)
            return 0
        }
        try refuse(["--probe", "--unknown"], without: "--gallery", arguments)
        let root = try MeasuredFaces.folder(arguments)
        if let pairs = arguments.text("--pairs") {
            let list = try PairList(path: pairs, root: root)
            try list.checkFiles()
            try verify(list, threshold, arguments)
            return 0
        }
        try refuse(["--threshold", "--scores"], without: "--pairs", arguments)
        let folder = try FaceFolder(root: root)
        let faces = try MeasuredFaces(arguments)
        let report = try ClosedSetReport(folder) { (paths) throws in try faces.outcomes(paths) }
        try show(report, "\(report)", report.sections, faces, arguments)
        return 0
    }

    private static func refuse(
        _ options: [String], beside other: String? = nil, without needed: String? = nil,
        _ arguments: Arguments
    ) throws(SemblanceError) {
        guard let option = arguments.given(options) else { return }
        throw SemblanceError(
            .usage,
            other.map { "\(option) and \($0) are both given" }
                ?? "\(option) is given without \(needed ?? "")",
            remedy: "semblance evaluate --help tells what goes together")
    }

    private static func identify(_ gallery: FaceFolder, _ arguments: Arguments) throws {
        let probe = try FaceFolder(root: arguments.required("--probe"), fewestPeople: 1)
        let unknown = try arguments.text("--unknown").map { (root) throws in
            try FaceFolder(root: root, fewestPeople: 1)
        }
        let set = try IdentificationSet(gallery: gallery, probe: probe, unknown: unknown)
        let faces = try MeasuredFaces(arguments)
        let report = try IdentificationReport(set) { (paths) throws in try faces.outcomes(paths) }
        try show(report, ReportRow.table(report.rows), report.sections, faces, arguments)
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
        try show(report, ReportRow.table(report.rows), report.sections, faces, arguments)
    }

    /// The thresholds that a model brings along.
    private static func thresholdsOf(_ model: RecognitionModel) -> [(source: String, value: Float)] {
        let description = model.description
        guard case .calibrated(let summary, _) = description.calibration else {
            return description.published.map { [("published: \($0.source)", $0.cosine)] } ?? []
        }
        let point = description.calibration.recommended.map {
            (source: "the model's for FAR \($0.falseAcceptRate)", value: $0.threshold)
        }
        return [point].compactMap(\.self) + [
            ("the model's best on its calibration pairs", summary.bestThreshold)
        ]
    }

    private static func show(
        _ figures: some Encodable, _ table: String, _ sections: [Page.Section], _ faces: MeasuredFaces,
        _ arguments: Arguments
    ) throws(SemblanceError) {
        let device = faces.recognizer.device
        if let path = arguments.text("--report") {
            let origin = [
                ReportRow(
                    "model",
                    "\(faces.model?.description ?? "none: raw pixels") (\(arguments.text("--model") ?? ""))"),
                ReportRow("data", "\(dataLine(arguments))"), ReportRow("faces", "\(faces.detector)"),
                ReportRow("device", "\(device.line)"),
            ]
            try Page(title: "Evaluation of a face recognition model", origin: origin, sections: sections)
                .write(to: path)
        }
        if arguments.flag("--json") {
            try Console.json(
                Report(
                    figures: figures, model: faces.model, detector: faces.detector,
                    device: DeviceReport(device)))
        } else {
            Console.print("\(table)\ndevice \(device.line)")
        }
    }

    private static func dataLine(_ arguments: Arguments) -> String {
        (arguments.operands
            + ["--images", "--pairs", "--gallery", "--probe", "--unknown"].compactMap(arguments.text)).joined(
                separator: ", ")
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
