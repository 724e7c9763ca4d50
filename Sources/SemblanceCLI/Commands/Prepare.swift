import Foundation
import Semblance
import SemblanceCore

enum PrepareCommand: Command {
    static let name = "prepare"
    static let summary =
        "Turn a folder of labelled photographs into a data set of aligned faces, and report on it."
    static let operands = "PHOTOS OUT"
    static let options =
        [
            Option("--size", "PIXELS", "side of the crops (default: 112)"),
            Option(
                "--faces", "WHICH",
                "only (photographs with several faces are skipped), largest, central, or whole for images that are faces already (default: only)"
            ), FaceOptions.crop,
        ] + FaceOptions.detector + [
            Option(
                "--model", "FILE",
                "tells likely mislabelled images (ONNX; default: sface of the models folder where it is there)"
            ),
            Option("--blur", "SHARPNESS", "flag crops below this variance of the Laplacian (default: 25)"),
            Option(
                "--mislabel-margin", "COSINE",
                "flag images that look by so much more like somebody else (default: 0.25)"),
            Option("--drop-flagged", nil, "set flagged crops aside, in OUT/\(DatasetFiles.asideFolder)"),
            Option("--strict", nil, "unreadable photographs make the exit code 1"), Option.json,
        ] + Option.device
    static let details = """
        PHOTOS/person/photo.jpg becomes OUT/person/photo.png; photographs without a face or with several are skipped and listed.
        Flagged are near-duplicates, the same picture under two names, blur, and images whose mean cosine to another person's images
        exceeds that to its own person's by the margin. They stay, unless --drop-flagged is given; OUT/report.html shows them.
        A second run does what is missing. OUT/\(DatasetRecord.fileName) says what became of each photograph, and tells train
        that the images are aligned.
        """

    static func run(_ arguments: Arguments) throws -> Int32 {
        let paths = try arguments.operands(2, "two folders, of photographs and for the data set")
        var limits = DatasetReview.Limits()
        if let sharpness = try arguments.number("--blur", 0...1e6) { limits.sharpness = sharpness }
        if let margin = try arguments.number("--mislabel-margin", 0...2) { limits.margin = Float(margin) }
        let size = try arguments.integer("--size", 16...1024) ?? 112
        let folder = try FaceFolder(root: paths[0], fewestPeople: 1)
        let source = try checkedSource(paths[0], output: paths[1])
        let device = try arguments.device()
        let (cropper, settings) = try cropper(arguments, source: source, size: size, on: device)
        let recognizer = try recognizer(arguments, on: device)
        try makeFolder(paths[1])

        let preparation = DatasetPreparation(
            folder, output: paths[1], settings: settings, cropper: cropper, recognizer: recognizer)
        let dataset = try preparation.run(onProgress: showProgress)
        Console.endProgress()
        let review = DatasetReview(dataset.photos, model: dataset.model, limits: limits)
        let report = paths[1] + "/report.html"
        try dataset.page(review).write(to: report)
        try dataset.finish(review, dropsFlagged: arguments.flag("--drop-flagged"))

        let counts = dataset.counts(review)
        if arguments.flag("--json") {
            for (photo, flags) in zip(dataset.photos, review.flags) {
                try Console.json(PhotoLine(photo, flags, dropsFlagged: arguments.flag("--drop-flagged")))
            }
            try Console.json(
                Summary(
                    summary: counts, earlier: dataset.earlier, output: paths[1], report: report,
                    method: settings.method, model: dataset.model, device: DeviceReport(device)))
        } else {
            for (photo, flags) in zip(dataset.photos, review.flags) {
                if photo.outcome != .aligned {
                    Console.print("\(photo.source): skipped: \(photo.reason ?? photo.outcome.words)")
                }
                for flag in flags {
                    Console.print("\(photo.source): \(flag.kind.title.lowercased()): \(flag.reason)")
                }
            }
            Console.print(ReportRow.table(dataset.rows(review)))
            if dataset.earlier > 0 { Console.print("\(dataset.earlier) photographs were done before") }
            Console.print("report \(report)\ndevice \(device.line)")
        }
        return arguments.flag("--strict") && counts.unreadable > 0 ? 1 : 0
    }

    /// The photographs' folder from the root on.
    /// - Throws: `usage` where one folder lies in the other: crops would mix with photographs.
    private static func checkedSource(_ source: String, output: String) throws(SemblanceError) -> String {
        func resolved(_ path: String) -> String {
            URL(filePath: path).standardizedFileURL.resolvingSymlinksInPath().path
        }
        let (from, to) = (resolved(source), resolved(output))
        guard !(from + "/").hasPrefix(to + "/"), !(to + "/").hasPrefix(from + "/") else {
            throw SemblanceError(
                .usage, "of \(source) and \(output) one lies in the other",
                remedy: "choose a folder elsewhere: photographs are never touched")
        }
        return from
    }

    private static func cropper(_ arguments: Arguments, source: String, size: Int, on device: SelectedDevice)
        throws(SemblanceError) -> (FaceCropper, DatasetSettings)
    {
        let fraction = try arguments.number("--crop", 0.01...1)
        let named = arguments.text("--faces")
        if fraction != nil || named == "whole" {
            guard fraction == nil || named == nil || named == "whole" else {
                throw SemblanceError(
                    .usage, "--crop and --faces \(named ?? "") are both given",
                    remedy: "--crop does without detection: leave one of them out")
            }
            return (
                FaceCropper(wholeImages: fraction, size: size),
                DatasetSettings(source: source, size: size, wholeImages: fraction)
            )
        }
        let faces = try arguments.choice("--faces", FaceSelection.self) ?? .only
        guard faces != .all else {
            throw SemblanceError(
                .usage, "--faces all",
                remedy: "a photograph gives one crop: choose from only, largest, central, whole")
        }
        let detector = try FaceOptions.detector(arguments, on: device)
        let aligner = try FaceAligner(size: size, device: device, onFault: .moveToCPU)
        return (
            FaceCropper(faces, aligner: aligner) { (images) throws(SemblanceError) in
                try detector.detect(images)
            },
            DatasetSettings(
                source: source, size: size, faces: faces, detector: detector.model.identity.description,
                options: detector.options)
        )
    }

    private static func recognizer(_ arguments: Arguments, on device: SelectedDevice) throws(SemblanceError)
        -> FaceRecognizer?
    {
        let standard = ModelFolder.entries.first { $0.name == ModelFolder.recognizer && $0.isPresent }
        guard let path = try arguments.text("--model").map(ModelFolder.resolve) ?? standard?.path else {
            Console.error(
                "note: no --model is given, and \(ModelFolder.recognizer) is not in \(ModelFolder.path): likely mislabelled images are not looked for"
            )
            return nil
        }
        return try FaceRecognizer(
            model: RecognitionModel(path: path), device: device, batch: 16, onFault: .moveToCPU)
    }

    private static func showProgress(_ progress: DatasetPreparation.Progress) {
        guard Console.isTerminal else { return }
        let what = progress.stage == .photos ? "photographs" : "crops embedded"
        Console.progress("\(progress.done) of \(progress.total) \(what)")
    }

    /// A photograph in JSON results.
    private struct PhotoLine: Encodable {
        var source: String
        var outcome: PreparedPhoto.Outcome
        var reason: String?
        var crop: String?
        var face: DetectedFace?
        var hash: DifferenceHash?
        var sharpness: Double?
        var flags: [PhotoFlag]
        var isSetAside: Bool

        init(_ photo: PreparedPhoto, _ flags: [PhotoFlag], dropsFlagged: Bool) {
            source = photo.source
            outcome = photo.outcome
            reason = photo.reason
            let isAside = photo.crop != nil && dropsFlagged && !flags.isEmpty
            isSetAside = isAside
            crop = photo.crop.map { isAside ? "\(DatasetFiles.asideFolder)/\($0.path)" : $0.path }
            face = photo.crop?.face
            hash = photo.crop?.print.hash
            sharpness = photo.crop?.sharpness
            self.flags = flags
        }
    }

    private struct Summary: Encodable {
        var summary: PreparedDataset.Counts
        /// Photographs that earlier runs had done.
        var earlier: Int
        var output: String
        var report: String
        var method: String
        var model: ModelIdentity?
        var device: DeviceReport
    }
}
