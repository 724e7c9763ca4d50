import Foundation
import Semblance
import SemblanceCore
import SemblanceImaging

/// The faces of the photographs that a command measures: an embedding, "no face" or an error for each.
struct MeasuredFaces {
    static let options =
        FaceOptions.recognition(.central) + [
            Option("--images", "DIR", "the images, if they are not given as the operand"), FaceOptions.strict,
        ]

    private let photos: PhotoRecognizer
    private let arguments: Arguments

    init(_ arguments: Arguments) throws(SemblanceError) {
        photos = try FaceOptions.photos(arguments, batch: 16, faces: .central)
        self.arguments = arguments
    }

    var recognizer: FaceRecognizer { photos.recognizer }

    /// Which model the figures belong to; with --pixels there is none.
    var model: ModelIdentity? { arguments.flag("--pixels") ? nil : recognizer.model.identity }

    /// How faces are found.
    var detector: String { photos.method }

    /// - Throws: under --strict the error of the first file that cannot be read.
    func outcomes(_ paths: [String]) throws -> [FaceOutcome] {
        guard !arguments.flag("--pixels") else { return try pixels(paths) }
        var outcomes: [FaceOutcome] = []
        outcomes.reserveCapacity(paths.count)
        try photos.recognize(paths: paths) { path, _, outcome in
            do {
                if let face = try outcome.get().first {
                    outcomes.append(.face(face.embedding))
                } else {
                    outcomes.append(.noFace)
                    if arguments.flag("--verbose") { Console.error("no face: \(path)") }
                }
            } catch let error as SemblanceError {
                let error = error.naming(path)
                guard !arguments.flag("--strict") else { throw error }
                outcomes.append(.failed(error))
                Console.error("\(error)")
            }
            if Console.isTerminal, outcomes.count % 64 == 0 {
                Console.progress("\(outcomes.count) of \(paths.count) images")
            }
        }
        Console.endProgress()
        return outcomes
    }

    /// Raw pixels instead of embeddings, of whole images or their middles.
    private func pixels(_ paths: [String]) throws -> [FaceOutcome] {
        var outcomes: [FaceOutcome] = []
        try PhotoReader(batch: 64).read(paths) { part in
            for photo in part {
                switch photo.image {
                case .success(let image):
                    let face = photos.crop.map { image.middle($0) } ?? image
                    outcomes.append(
                        .face(RawPixels.embedding(of: face, format: recognizer.model.description.input)))
                case .failure(let error):
                    guard !arguments.flag("--strict") else { throw error }
                    outcomes.append(.failed(error))
                    Console.error("\(error)")
                }
            }
        }
        return outcomes
    }

    /// The folder of images: the operand or --images.
    static func folder(_ arguments: Arguments) throws(SemblanceError) -> String {
        if let named = arguments.text("--images") {
            guard arguments.operands.isEmpty else {
                throw SemblanceError(
                    .usage, "--images and \(arguments.operands[0]) are both given",
                    remedy: "give the folder of images once")
            }
            return named
        }
        return try arguments.operands(1, "one folder of images")[0]
    }
}
