import Foundation
import Semblance

/// The similarity from which two faces count as the same person, and where it comes from.
enum Threshold: CustomStringConvertible {
    /// With the false accept rate that it was calibrated for, where it was.
    case value(Float, falseAcceptRate: Double?)
    /// The word of the model's authors.
    case published(PublishedThreshold)
    /// The model has none, and the user gave none.
    case none(reason: String)

    var value: Float? {
        switch self {
        case .value(let value, _): value
        case .published(let threshold): threshold.cosine
        case .none: nil
        }
    }
    var falseAcceptRate: Double? { if case .value(_, let rate) = self { rate } else { nil } }
    var note: String? {
        switch self {
        case .value: nil
        case .published(let threshold): "published by \(threshold.source)"
        case .none(let reason): reason
        }
    }

    var description: String {
        switch self {
        case .value(let value, let rate?): "threshold \(value.formatted(4)) (FAR \(rate))"
        case .value(let value, nil): "threshold \(value.formatted(4)) (given)"
        case .published(let threshold):
            "threshold \(threshold.cosine.formatted(4)) (published by \(threshold.source))"
        case .none(let reason): "no threshold: the model is uncalibrated, \(reason)"
        }
    }
}

enum ThresholdOptions {
    static let options = [
        Option(
            "--threshold", "COSINE", "accept from this similarity on (default: the model's calibrated one)"),
        Option("--far", "RATE", "take the model's threshold for this false accept rate"),
    ]

    static func threshold(_ arguments: Arguments, _ model: RecognitionModel) throws(SemblanceError)
        -> Threshold
    {
        let given = try arguments.number("--threshold", -1...1)
        let rate = try arguments.number("--far", 1e-9...1)
        if let given {
            guard rate == nil else {
                throw SemblanceError(
                    .usage, "--threshold and --far are both given", remedy: "give one of them")
            }
            return .value(Float(given), falseAcceptRate: nil)
        }
        let calibration = model.description.calibration
        if let rate {
            let point = try calibration.point(farAtMost: rate)
            return .value(point.threshold, falseAcceptRate: point.falseAcceptRate)
        }
        if let point = calibration.recommended {
            return .value(point.threshold, falseAcceptRate: point.falseAcceptRate)
        }
        if let published = model.description.published { return .published(published) }
        if case .uncalibrated(let reason) = calibration { return .none(reason: reason) }
        return .none(reason: "no rate could be calibrated")
    }
}
