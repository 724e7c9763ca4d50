import SemblanceCore
import SemblanceTraining

extension Calibration {
    /// What a model is calibrated on.
    public enum Source: Sendable {
        /// All pairs of a folder's images, or a seeded sample where there are more than are needed.
        case folder(FaceFolder)
        case pairs(PairList)
    }

    /// Measures thresholds on photographs of people that the model was not trained on.
    /// - Parameters:
    ///   - rate: the false accept rate whose threshold becomes the default.
    ///   - name: of the data set.
    ///   - detector: how `outcomes` finds faces.
    ///   - outcomes: gives what became of photographs, by their paths.
    /// - Throws: `invalidInput` where there are fewer than 1/rate pairs of different people with a face each, or none of the same.
    public static func measured(
        on source: Source, falseAcceptRate rate: Double, name: String, detector: String, date: String? = nil,
        outcomes: ([String]) throws -> [FaceOutcome]
    ) throws -> Calibration {
        let faces: [FaceOutcome], scores: VerificationScores, people: Int
        switch source {
        case .pairs(let list):
            faces = try outcomes(list.paths)
            people = list.peopleCount
            scores = PairScores(list, faces).forRates
        case .folder(let folder):
            // Ten times as many pairs as one false accept needs, as far as there are so many.
            let limit = Int(min(max(200_000, 10 / rate), 5_000_000))
            let pairs = VerificationPairs(
                folder, people: Array(folder.people.indices), seed: 1, impostorLimit: limit)
            faces = try outcomes(pairs.paths)
            people = folder.people.count
            scores = Self.scores(pairs, faces)
        }
        let needs = Int((1 / rate - 1e-6).rounded(.up))
        guard scores.impostor.count >= needs else {
            throw SemblanceError(
                .invalidInput,
                "\(name) has \(scores.impostor.count) pairs of different people, and a false accept rate of \(rate) needs \(needs)",
                remedy: "give more people and images, or ask for a higher rate (--far)")
        }
        guard scores.genuine.contains(where: { $0 > -.infinity }) else {
            throw SemblanceError(
                .invalidInput, "\(name) has no two images of the same person that show a face",
                remedy: "give people with two images or more")
        }
        let counts = FaceCounts(faces)
        return Calibration(
            people: people, scores: scores,
            evidence: CalibrationEvidence(
                dataset: name, images: counts.total, imagesWithoutFace: counts.noFace,
                unreadableImages: counts.failed, detector: detector, falseAcceptRate: rate, date: date))
    }

    /// As in a list of pairs: a genuine pair without a score counts as refused, an impostor pair is left out.
    private static func scores(_ pairs: VerificationPairs, _ faces: [FaceOutcome]) -> VerificationScores {
        let vectors = faces.map(\.vector)
        func score(_ pair: VerificationPairs.Pair) -> Float? {
            guard let first = vectors[pair.first], let second = vectors[pair.second] else { return nil }
            return similarity(first, second)
        }
        return VerificationScores(
            genuine: pairs.genuine.map { score($0) ?? -.infinity }, impostor: pairs.impostor.compactMap(score)
        )
    }
}
