import Foundation
import SemblanceCore
import SemblanceTraining

/// Pairs of images, of the same person or of different people.
public struct PairList: Sendable {
    /// Files, each once.
    public private(set) var paths: [String] = []
    /// Positions in `paths`.
    public private(set) var pairs: [(first: Int, second: Int, isGenuine: Bool)] = []

    /// Reads LFW's pairs.txt: a count, then lines of `name i j` (same person) or `name i name j`, fields apart by tabs.
    /// - Parameter root: images are `root/Name/Name_0001.jpg`.
    /// - Throws: `invalidInput` naming the file and the line.
    public init(path: String, root: String) throws(SemblanceError) {
        let text = String(decoding: try readFile(path), as: UTF8.self)
        var known: [String: Int] = [:]
        let lines = text.split(omittingEmptySubsequences: false, whereSeparator: \.isNewline)
        for (number, line) in lines.enumerated().dropFirst() {
            let fields = line.split(whereSeparator: \.isWhitespace).map(String.init)
            if fields.isEmpty { continue }
            let names: [(String, String)]
            switch fields.count {
            case 3: names = [(fields[0], fields[1]), (fields[0], fields[2])]
            case 4: names = [(fields[0], fields[1]), (fields[2], fields[3])]
            default:
                throw SemblanceError(
                    .invalidInput, "\(path), line \(number + 1): \(fields.count) fields",
                    remedy: "a line is a name and two numbers, or a name, a number, a name and a number")
            }
            var places: [Int] = []
            for (name, text) in names {
                guard let index = Int(text), index > 0 else {
                    throw SemblanceError(
                        .invalidInput, "\(path), line \(number + 1): \(text) is no image number",
                        remedy: "images are numbered from 1")
                }
                let file = "\(root)/\(name)/\(name)_\(String(format: "%04d", index)).jpg"
                let place = known[file] ?? paths.count
                if known[file] == nil {
                    known[file] = place
                    paths.append(file)
                }
                places.append(place)
            }
            pairs.append((places[0], places[1], fields.count == 3))
        }
        guard !pairs.isEmpty else {
            throw SemblanceError(
                .invalidInput, "\(path) holds no pairs", remedy: "give a list in the form of LFW's pairs.txt")
        }
    }
}

/// The similarity of each pair, and what follows from it.
public struct PairScores: Sendable {
    private let scores: VerificationScores

    /// - Parameter vectors: unit vectors of the list's paths.
    public init(_ list: PairList, _ vectors: [[Float]]) throws(SemblanceError) {
        func similarities(_ isGenuine: Bool) -> [Float] {
            list.pairs.filter { $0.isGenuine == isGenuine }
                .map { similarity(vectors[$0.first], vectors[$0.second]) }
        }
        scores = VerificationScores(genuine: similarities(true), impostor: similarities(false))
    }

    public struct Report: Sendable, Encodable, CustomStringConvertible {
        public var genuinePairs: Int
        public var impostorPairs: Int
        /// The threshold that was set beforehand, and the mean of the rates of right answers at it.
        public var threshold: Float?
        public var accuracy: Double?
        /// The best that any threshold could reach on these very pairs: an upper bound, no result.
        public var bestThreshold: Float
        public var bestAccuracy: Double
        public var areaUnderCurve: Double
        public var equalErrorRate: Double

        public var description: String {
            var lines = ["\(genuinePairs) genuine and \(impostorPairs) impostor pairs"]
            if let threshold, let accuracy {
                lines.append(
                    String(
                        format: "accuracy %.2f %% at threshold %.4f (set beforehand)", accuracy * 100,
                        threshold))
            }
            lines.append(
                String(
                    format: "AUC %.4f, EER %.2f %%; no threshold does better than %.2f %% (at %.4f)",
                    areaUnderCurve,
                    equalErrorRate * 100, bestAccuracy * 100, bestThreshold))
            return lines.joined(separator: "\n")
        }
    }

    public func report(threshold: Float?) -> Report {
        let best = scores.best
        let accuracy = threshold.map {
            (scores.trueAcceptRate(at: $0) + 1 - scores.falseAcceptRate(at: $0)) / 2
        }
        return Report(
            genuinePairs: scores.genuine.count, impostorPairs: scores.impostor.count, threshold: threshold,
            accuracy: accuracy, bestThreshold: best.threshold, bestAccuracy: best.accuracy,
            areaUnderCurve: scores.areaUnderCurve, equalErrorRate: scores.equalErrorRate)
    }
}
