import Foundation
import Semblance

enum InfoCommand: Command {
    static let name = "info"
    static let summary = "Tell what a model is, and what its threshold rests on."
    static let operands = "MODEL"
    static let options = [Option.json]

    private struct Report: Encodable {
        var model: String
        var identity: ModelIdentity
        var parameters: Int
        var description: ModelDescription
        var threshold: Float?
        var falseAcceptRate: Double?
    }

    static func run(_ arguments: Arguments) throws -> Int32 {
        let path = try ModelFolder.resolve(arguments.operands(1, "one model")[0])
        let model = try RecognitionModel(path: path)
        let description = model.description
        let point = description.calibration.recommended
        if arguments.flag("--json") {
            try Console.json(
                Report(
                    model: path, identity: model.identity, parameters: model.parameterCount,
                    description: description, threshold: point?.threshold,
                    falseAcceptRate: point?.falseAcceptRate))
            return 0
        }
        let input = description.input
        var lines = [
            "model        \(path)",
            "network      \(model.architecture), \(model.parameterCount) parameters",
            "identity     \(model.identity)",
            "input        \(input.width)x\(input.height) \(input.colours.rawValue), (pixel - \(input.mean)) * \(input.scale)",
        ]
        if let training = description.training {
            lines.append(
                """
                training     \(training.images) images of \(training.people) people, \(training.epochs) epochs \
                (\(training.steps) steps), loss \(training.loss), seed \(training.seed), on \(training.device)
                """)
        }
        if let summary = description.quantisation { lines += Self.lines(of: summary) }
        if point == nil, let published = description.published {
            lines.append("threshold    \(published.cosine), published by \(published.source)")
        }
        lines += Self.lines(of: description.calibration)
        Console.print(lines.joined(separator: "\n"))
        return 0
    }

    /// What a model's thresholds are and rest on.
    static func lines(of calibration: Calibration) -> [String] {
        let point = calibration.recommended
        var lines: [String] = []
        switch calibration {
        case .uncalibrated(let reason):
            lines.append("threshold    uncalibrated: \(reason)")
        case .calibrated(let summary, let points):
            lines += evidence(summary)
            lines.append(
                """
                             accuracy \(summary.accuracy.percent), AUC \(summary.areaUnderCurve.formatted(4)), EER \
                \(summary.equalErrorRate.percent)
                """)
            for each in points {
                let mark = each == point ? "  <- default" : ""
                lines.append(
                    """
                    threshold    \(each.threshold.formatted(4)) at FAR \(each.falseAcceptRate): accepts \
                    \(each.trueAcceptRate.percent) of genuine pairs\(mark)
                    """)
            }
        }
        return lines
    }

    private static func evidence(_ summary: VerificationSummary) -> [String] {
        let pairs = "\(summary.genuinePairs) genuine and \(summary.impostorPairs) impostor pairs"
        guard let evidence = summary.evidence else {
            return ["evidence     \(summary.people) people that training did not see: \(pairs)"]
        }
        let date = evidence.date.map { ", \($0)" } ?? ""
        return [
            "evidence     \(evidence.dataset)\(date): \(pairs) of \(summary.people) people",
            """
                         \(evidence.images) images, \(evidence.imagesWithoutFace) without a face, \
            \(evidence.unreadableImages) unreadable; detector \(evidence.detector)
            """,
        ]
    }
}
