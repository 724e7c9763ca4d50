import Foundation
import Semblance
import SemblanceCore

/// Options of the commands that read faces.
enum FaceOptions {
    static let model = Option("--model", "FILE", "the model (ONNX; default: sface of the models folder)")
    static let detector = [
        Option("--detector", "FILE", "the face detector (ONNX; default: yunet of the models folder)"),
        Option("--min-face", "PIXELS", "width of the smallest faces to look for (default: 20)"),
        Option("--face-score", "SCORE", "drop faces that the detector is less sure of (default: 0.6)"),
    ]
    static let crop = Option(
        "--crop", "FRACTION",
        "no detection: the middle square of this fraction of the smaller side is the face")
    static let strict = Option("--strict", nil, "an image that cannot be used is an error")

    static func faces(_ standard: FaceSelection) -> Option {
        Option(
            "--faces", "WHICH",
            "all, largest, central or only (one, several are an error); whole takes the image as the face (default: \(standard.rawValue); whole for models trained on whole images)"
        )
    }

    /// All that choose a model and how faces are found for it.
    static func recognition(_ standard: FaceSelection) -> [Option] {
        [model, faces(standard), crop] + detector
    }

    static func detectionOptions(_ arguments: Arguments) throws(SemblanceError) -> DetectionOptions {
        var options = DetectionOptions()
        if let width = try arguments.number("--min-face", 1...10_000) { options.minimumFace = width }
        if let score = try arguments.number("--face-score", 0...1) { options.scoreThreshold = score }
        return options
    }

    static func detector(_ arguments: Arguments, on device: SelectedDevice) throws(SemblanceError)
        -> FaceDetector
    {
        let path = try path("--detector", standard: ModelFolder.detector, arguments)
        return try FaceDetector(
            model: DetectionModel(path: path), device: device, options: detectionOptions(arguments),
            onFault: .moveToCPU)
    }

    /// The file that an option names, or a pretrained model.
    static func path(_ option: String, standard: String, _ arguments: Arguments)
        throws(SemblanceError) -> String
    {
        if let named = arguments.text(option) { return try ModelFolder.resolve(named) }
        guard let entry = ModelFolder.entries.first(where: { $0.name == standard }), entry.isPresent else {
            throw SemblanceError(
                .usage, "no \(option) is given, and the pretrained \(standard) is not in \(ModelFolder.path)",
                remedy: "make models fetches it; or name a model with \(option)")
        }
        return entry.path
    }

    /// A model on a device. Under an automatic choice, a device that fails in mid-run is replaced by the CPU.
    /// - Parameter batch: faces at once; unless it is fixed, fewer on the CPU, which stay in its caches.
    static func recognizer(_ arguments: Arguments, batch: Int, isFixed: Bool = false) throws(SemblanceError)
        -> FaceRecognizer
    {
        let path = try path("--model", standard: ModelFolder.recognizer, arguments)
        let model = try RecognitionModel(path: path)
        let device = try arguments.device()
        let isReduced = !isFixed && device.device.identifier == "cpu"
        return try FaceRecognizer(
            model: model, device: device, batch: isReduced ? min(batch, 4) : batch, onFault: .moveToCPU)
    }

    /// From photographs to embeddings, with the faces that the options or else the model ask for.
    static func photos(
        _ arguments: Arguments, batch: Int, isFixed: Bool = false, faces standard: FaceSelection
    ) throws(SemblanceError) -> PhotoRecognizer {
        let crop = try arguments.number("--crop", 0.01...1)
        let named = arguments.text("--faces")
        if crop != nil, let named, named != "whole" {
            throw SemblanceError(
                .usage, "--crop and --faces \(named) are both given",
                remedy: "--crop does without detection: leave one of them out")
        }
        var selection = standard
        if let named, named != "whole" {
            guard let choice = FaceSelection(rawValue: named) else {
                let choices = FaceSelection.allCases.map(\.rawValue).joined(separator: ", ")
                throw SemblanceError(
                    .usage, "--faces \(named)", remedy: "choose from \(choices) and whole")
            }
            selection = choice
        }
        let recognizer = try recognizer(arguments, batch: batch, isFixed: isFixed)
        let asksForDetection = (named != nil && named != "whole") || arguments.text("--detector") != nil
        let isWhole =
            crop != nil || named == "whole"
            || recognizer.model.description.alignment == nil && !asksForDetection
        return try PhotoRecognizer(
            recognizer, detector: isWhole ? nil : detector(arguments, on: recognizer.device),
            selection: selection, crop: crop)
    }
}

extension PhotoRecognizer {
    /// How faces are found, in words.
    var method: String {
        guard let detector else {
            return crop.map { "none (middle \($0) of each image)" } ?? "none (whole images)"
        }
        return "\(detector.model.identity), faces: \(selection.rawValue)"
    }
}

/// An image that could not be used, in JSON results.
struct FailedImage: Encodable {
    var image: String
    var outcome: String
    var error: String

    init(_ path: String, _ error: SemblanceError) {
        image = path
        outcome = error.code == .noFace ? "no_face" : "failed"
        self.error = "\(error)"
    }
}

/// Reports and counts photographs that cannot be used.
struct PhotoFailures {
    private let isJSON: Bool
    private let isStrict: Bool
    private(set) var count = 0
    /// Of the command.
    var exitCode: Int32 { count == 0 ? 0 : 1 }

    init(_ arguments: Arguments) {
        isJSON = arguments.flag("--json")
        isStrict = arguments.flag("--strict")
    }

    /// For commands that have a fixed number of images, none of which can be left out.
    init() { (isJSON, isStrict) = (false, true) }

    /// - Throws: the error itself, under --strict.
    mutating func add(_ path: String, _ error: SemblanceError) throws(SemblanceError) {
        let error = error.naming(path)
        guard !isStrict else { throw error }
        count += 1
        if isJSON { try Console.json(FailedImage(path, error)) }
        Console.error("\(error)")
    }
}

/// Runs through photographs for a command: reports those that cannot be used, and shows progress.
struct PhotoRun {
    let photos: PhotoRecognizer
    /// Whether a photograph without a face is passed to `body` rather than being a failure.
    var acceptsNoFace = false
    private var failures: PhotoFailures
    private var checks: SpotChecking?

    init(_ photos: PhotoRecognizer, _ failures: PhotoFailures, checks: SpotChecking? = nil) {
        self.photos = photos
        self.failures = failures
        self.checks = checks
    }

    /// Tells what was checked besides.
    /// - Returns: the exit code.
    func finish() throws(SemblanceError) -> Int32 {
        let isAgreed = try checks?.finish() ?? true
        return isAgreed ? failures.exitCode : 1
    }

    /// Calls `body` with every photograph that can be used, in order; `index` counts all paths.
    /// - Throws: under --strict the first failure.
    mutating func read(
        _ paths: some Sequence<String>,
        _ body: (_ index: Int, _ path: String, _ photo: Image, [RecognizedFace]) throws -> Void
    ) throws {
        defer { Console.endProgress() }
        var count = 0
        try photos.recognize(paths: paths) { path, photo, outcome in
            let index = count
            count += 1
            do {
                let faces = try outcome.get()
                guard let photo, !faces.isEmpty || acceptsNoFace else {
                    throw SemblanceError.noFace
                }
                try checks?.check(path, photo, faces)
                try body(index, path, photo, faces)
            } catch let error as SemblanceError where photo == nil || error.isOfPhoto {
                try failures.add(path, error)
            }
            if Console.isTerminal, count % 64 == 0 { Console.progress("\(count) images") }
        }
    }
}

extension SemblanceError {
    static let noFace = SemblanceError(
        .noFace, "no face found",
        remedy: "try --face-score 0.4, or --faces whole for images that are face crops")

    /// Whether it concerns one photograph and no other.
    var isOfPhoto: Bool {
        switch code {
        case .noFace, .severalFaces, .invalidInput, .unsupportedFormat: true
        default: false
        }
    }

    /// The same error with the file that it is about.
    func naming(_ path: String) -> SemblanceError {
        message.contains(path)
            ? self : SemblanceError(code, "\(path): \(message)", remedy: remedy, cause: cause)
    }
}
