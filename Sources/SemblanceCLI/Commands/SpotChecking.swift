import Foundation
import Semblance
import SemblanceDoctor

/// `--check-every`: compares some embeddings with the CPU's and reports where they differ.
struct SpotChecking {
    static let option = Option(
        "--check-every", "N", "embed one face in N on the CPU too; a disagreement is told and ends with 1")

    private var check: SpotCheck?
    private let isJSON: Bool
    private let isStrict: Bool
    private let device: SelectedDevice

    /// - Parameter isStrict: whether the first disagreement is an error.
    init(_ arguments: Arguments, _ photos: PhotoRecognizer, isStrict: Bool = false) throws(SemblanceError) {
        isJSON = arguments.flag("--json")
        self.isStrict = isStrict
        device = photos.recognizer.device
        guard let interval = try arguments.integer("--check-every", 1...1_000_000_000) else { return }
        let check = try SpotCheck(
            photos, every: interval, threads: arguments.integer("--threads", 1...1024))
        if !check.isUseful {
            Console.error("note: --check-every has nothing to do: the CPU itself embeds the faces")
        }
        self.check = check
    }

    private struct Disagreement: Encodable {
        var check = "disagreement"
        var image: String
        var face: Int
        var cosine: Double
        var difference: Double
        var device: DeviceReport
    }

    private struct Summary: Encodable {
        var check = "summary"
        var every: Int
        var checked: Int
        var disagreements: Int
        var lowestCosine: Double?
        var largestDifference: Double?
        var device: DeviceReport
    }

    /// - Throws: `numericalFailure` for a disagreement, where it is strict.
    mutating func check(_ path: String, _ photo: Image, _ faces: [RecognizedFace]) throws(SemblanceError) {
        for found in try check?.check(path, photo, faces) ?? [] {
            let message = """
                \(path) face \(found.face + 1): \(device.device.name) and the CPU disagree: cosine \
                \(found.cosine.formatted(6)), largest difference \(found.difference.formatted(6))
                """
            let remedy = "do not trust the device: run semblance doctor --device \(device.device.identifier)"
            guard !isStrict else { throw SemblanceError(.numericalFailure, message, remedy: remedy) }
            Console.error("\(message); \(remedy)")
            guard isJSON else { continue }
            try Console.json(
                Disagreement(
                    image: path, face: found.face + 1, cosine: found.cosine, difference: found.difference,
                    device: DeviceReport(device)))
        }
    }

    /// Tells what was checked.
    /// - Returns: whether all agreed.
    func finish() throws(SemblanceError) -> Bool {
        guard let check else { return true }
        let isAny = check.checked > 0
        if isJSON {
            try Console.json(
                Summary(
                    every: check.interval, checked: check.checked, disagreements: check.disagreements,
                    lowestCosine: isAny ? check.lowestCosine : nil,
                    largestDifference: isAny ? check.largestDifference : nil, device: DeviceReport(device)))
        } else if isAny {
            Console.error(
                """
                checked \(check.checked) embeddings on the CPU: \(check.disagreements) disagree, lowest cosine \
                \(check.lowestCosine.formatted(6))
                """)
        }
        return check.disagreements == 0
    }
}
