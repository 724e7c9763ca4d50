import Foundation
import Semblance
import SemblanceCore

/// The faces of the photographs that a command measures: an embedding, "no face" or an error for each.
struct MeasuredFaces {
    static let options = [
        FaceOptions.model, Option("--images", "DIR", "the images, if they are not given as the operand"),
        FaceOptions.crop, FaceOptions.strict,
    ]

    let recognizer: FaceRecognizer
    private let arguments: Arguments

    init(_ arguments: Arguments) throws(SemblanceError) {
        recognizer = try FaceOptions.recognizer(arguments, batch: 16)
        self.arguments = arguments
    }

    /// Which model the figures belong to; with --pixels there is none.
    var model: ModelIdentity? { arguments.flag("--pixels") ? nil : recognizer.model.identity }

    /// How faces are found.
    var detector: String {
        get throws(SemblanceError) {
            try arguments.number("--crop", 0.01...1).map { "none (middle \($0) of each image)" }
                ?? "none (whole images)"
        }
    }

    /// - Throws: under --strict the error of the first file that cannot be read.
    func outcomes(_ paths: [String]) throws -> [FaceOutcome] {
        var outcomes: [FaceOutcome] = []
        outcomes.reserveCapacity(paths.count)
        for start in stride(from: 0, to: paths.count, by: 64) {
            outcomes += try embedded(Array(paths[start..<min(start + 64, paths.count)]))
            if Console.isTerminal { Console.progress("\(outcomes.count) of \(paths.count) images") }
        }
        Console.endProgress()
        for (path, outcome) in zip(paths, outcomes) {
            switch outcome {
            case .face: break
            case .noFace: if arguments.flag("--verbose") { Console.error("no face: \(path)") }
            case .failed(let error): Console.error("\(error)")
            }
        }
        return outcomes
    }

    private func embedded(_ paths: [String]) throws -> [FaceOutcome] {
        var images: [Image] = []
        var results: [Result<Int, SemblanceError>] = []
        for path in paths {
            do throws(SemblanceError) {
                images.append(try FaceOptions.face(path, arguments))
                results.append(.success(images.count - 1))
            } catch {
                guard error.code != .usage, !arguments.flag("--strict") else { throw error }
                results.append(.failure(error))
            }
        }
        let embeddings =
            try arguments.flag("--pixels")
            ? images.map { RawPixels.embedding(of: $0, format: recognizer.model.description.input) }
            : recognizer.embed(images)
        return results.map { result in
            switch result {
            case .success(let place): .face(embeddings[place])
            case .failure(let error): .failed(error)
            }
        }
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
