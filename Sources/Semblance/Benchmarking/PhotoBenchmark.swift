import Foundation
import SemblanceCore
import SemblanceImaging
import SemblanceTraining

/// Times the whole way from photograph files to embeddings: decoding, detection, alignment, embedding. Some photographs are a turn;
/// turn after turn goes through all of them, over and over.
public struct PhotoBenchmark {
    public struct Turn: Sendable {
        public var seconds: Double
        /// Photographs in which a face was found.
        public var photosWithFace: Int
    }

    public let recognizer: PhotoRecognizer
    /// Sorted by their bytes: a peer that is given the folder meets the same photographs in the same order.
    public let paths: [String]
    /// Photographs in a turn.
    public let perTurn: Int
    private var next = 0

    /// - Parameters:
    ///   - folder: all .jpg, .jpeg and .png files below it are taken.
    ///   - perTurn: photographs in a turn, where more than there are come again within it; nil for 48, or all of fewer.
    /// - Throws: `invalidInput` for a folder without photographs.
    public init(folder: String, perTurn: Int?, recognizer: PhotoRecognizer) throws(SemblanceError) {
        guard isFolder(folder) else {
            throw SemblanceError(
                .invalidInput, "\(folder): there is no such folder", remedy: "name a folder of photographs")
        }
        var names = FileManager.default.enumerator(atPath: folder)?.compactMap { $0 as? String } ?? []
        names.removeAll { !Self.isPhoto($0) || isFolder(folder + "/" + $0) }
        paths = names.map { folder + "/" + $0 }.sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
        guard !paths.isEmpty else {
            throw SemblanceError(
                .invalidInput, "\(folder): no .jpg, .jpeg or .png file lies in it or below it",
                remedy: "name a folder of photographs")
        }
        self.recognizer = recognizer
        self.perTurn = max(perTurn ?? min(paths.count, 48), 1)
    }

    private static func isPhoto(_ name: String) -> Bool {
        let name = name.lowercased()
        return [".jpg", ".jpeg", ".png"].contains { name.hasSuffix($0) }
    }

    /// Recognises the first turn's photographs, which remain the first turn's.
    /// - Throws: what `run` throws.
    public func warmUp() throws {
        _ = try recognise(turn(at: 0))
    }

    /// Recognises the next photographs.
    /// - Throws: what the device throws, and for a photograph that cannot be read.
    public mutating func run() throws -> Turn {
        let turn = nextTurn()
        let start = ContinuousClock.now
        let count = try recognise(turn)
        return Turn(seconds: start.secondsElapsed, photosWithFace: count)
    }

    /// Recognises the next photographs stage by stage, and tells what each stage takes.
    /// - Throws: what `run` throws.
    public mutating func stages() throws -> [(stage: String, seconds: Double)] {
        var sums = [0.0, 0.0, 0.0]
        func timed<Result>(_ stage: Int, _ body: () throws -> Result) rethrows -> Result {
            let start = ContinuousClock.now
            defer { sums[stage] += start.secondsElapsed }
            return try body()
        }
        var start = ContinuousClock.now
        try PhotoReader().read(nextTurn()) { photos in
            sums[0] += start.secondsElapsed
            let images = try photos.map { try $0.image.get() }
            guard let detector = recognizer.detector else {
                _ = try timed(2) { try recognizer.recognize(images) }
                return start = .now
            }
            let found = try timed(1) { try detector.detect(images) }
            try timed(2) {
                var faces: [(image: Image, face: DetectedFace)] = []
                for (image, found) in zip(images, found) {
                    let chosen = try recognizer.selection.select(
                        found, width: image.width, height: image.height)
                    faces += chosen.map { (image, $0) }
                }
                _ = try recognizer.recognizer.embed(faces: faces)
            }
            start = .now
        }
        return Array(zip(["decode", "detect", "align and embed"], sums))
    }

    private func turn(at start: Int) -> [String] {
        (0..<perTurn).map { paths[(start + $0) % paths.count] }
    }

    private mutating func nextTurn() -> [String] {
        defer { next = (next + perTurn) % paths.count }
        return turn(at: next)
    }

    /// - Returns: how many of the photographs show a face.
    private func recognise(_ paths: [String]) throws -> Int {
        var count = 0
        try recognizer.recognize(paths: paths) { path, _, outcome in
            if try !outcome.get().isEmpty { count += 1 }
        }
        return count
    }
}
