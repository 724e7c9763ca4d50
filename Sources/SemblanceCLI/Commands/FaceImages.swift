import Foundation
import Semblance

/// Options of the commands that read faces.
enum FaceOptions {
    static let crop = Option(
        "--crop", "FRACTION",
        "take the middle square of this fraction of the smaller side (default: the whole image)")
    static let strict = Option("--strict", nil, "an image that cannot be read is an error")
    static let model = Option("--model", "FILE", "the model (ONNX)")

    /// The face of an image file: the whole image, or its middle.
    static func face(_ path: String, _ arguments: Arguments) throws(SemblanceError) -> Image {
        let image = try ImageDecoder().decode(path: path)
        guard let fraction = try arguments.number("--crop", 0.01...1) else { return image }
        return image.middle(fraction)
    }

    /// A model on a device. Under an automatic choice, a device that fails in mid-run is replaced by the CPU.
    static func recognizer(_ arguments: Arguments, batch: Int) throws(SemblanceError) -> FaceRecognizer {
        let model = try RecognitionModel(path: arguments.required("--model"))
        return try FaceRecognizer(model: model, device: arguments.device(), batch: batch, onFault: .moveToCPU)
    }
}

/// An image that could not be used, in JSON results.
struct FailedImage: Encodable {
    var image: String
    var error: String
}

/// Embeds image files in batches; an unreadable one is reported and left out, or ends the command under --strict.
struct FaceReader {
    let recognizer: FaceRecognizer
    let arguments: Arguments
    private(set) var failures = 0

    init(_ recognizer: FaceRecognizer, _ arguments: Arguments) {
        self.recognizer = recognizer
        self.arguments = arguments
    }

    /// Calls `body` with every file that can be read, in order.
    mutating func embed(
        _ paths: [String], onFailure: (String, SemblanceError) throws -> Void,
        _ body: (_ index: Int, Embedding) throws -> Void
    ) throws {
        var pending: [(index: Int, image: Image)] = []
        func flush() throws {
            let embeddings = try recognizer.embed(pending.map(\.image))
            for ((index, _), embedding) in zip(pending, embeddings) { try body(index, embedding) }
            pending = []
        }
        for (index, path) in paths.enumerated() {
            do {
                pending.append((index, try FaceOptions.face(path, arguments)))
            } catch {
                guard error.code != .usage, !arguments.flag("--strict") else { throw error }
                // What came before it comes out before it.
                try flush()
                failures += 1
                try onFailure(path, error)
            }
            if pending.count == recognizer.batch { try flush() }
        }
        try flush()
    }
}
