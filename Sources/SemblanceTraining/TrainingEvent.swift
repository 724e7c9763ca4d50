import SemblanceCore
import Synchronization

/// What happens in a run, for progress lines, logs and machines.
public enum TrainingEvent: Sendable {
    case started(TrainingStart)
    case step(StepRecord)
    case epoch(EpochRecord)
    case checkpointSaved(path: String, step: Int)
    case imageSkipped(SkippedImage)
    case finished(TrainingEnd)
}

public struct TrainingStart: Sendable, Codable, Hashable {
    public var network: String
    public var parameters: Int
    /// The device, as it is asked for and by name, and why it was chosen.
    public var device: String
    public var deviceName: String
    public var reason: String
    /// How activations are stored.
    public var precision: Precision
    public var seed: UInt64
    public var people: Int
    public var images: Int
    public var heldOutPeople: Int
    public var epochs: Int
    public var stepsPerEpoch: Int
    /// The steps that a checkpoint had behind it; 0 for a new run.
    public var firstStep: Int
    /// Bytes of the training plan on the device.
    public var planBytes: Int
}

public struct StepRecord: Sendable, Codable, Hashable {
    /// Counted from 1 over the whole run.
    public var step: Int
    public var steps: Int
    /// Counted from 1.
    public var epoch: Int
    public var loss: Float
    /// The fraction of the batch that the classifier got right.
    public var accuracy: Float
    /// Before clipping.
    public var gradientNorm: Float
    public var learningRate: Float
    /// Smoothed over the last steps.
    public var imagesPerSecond: Double
    /// The expected time to the end of the run.
    public var secondsRemaining: Double
    /// What the loss was multiplied by, and whether the gradient was then beyond half's numbers and no weight was changed; nil where
    /// activations are stored in float.
    public var lossScale: Float?
    public var isSkipped: Bool?
}

public struct EpochRecord: Sendable, Codable, Hashable {
    /// Counted from 1.
    public var epoch: Int
    public var epochs: Int
    public var step: Int
    /// Means over the epoch's steps (of a resumed run: those since it went on).
    public var loss: Float
    public var accuracy: Float
    /// How well held-out people are told apart; nil where nobody is held out.
    public var verification: VerificationSummary?
    public var seconds: Double
}

public struct TrainingEnd: Sendable, Codable, Hashable {
    /// The steps that the weights have behind them.
    public var step: Int
    public var isCancelled: Bool
    public var seconds: Double
    public var imagesPerSecond: Double
    public var skippedImages: Int
    /// nil where activations are stored in float.
    public var skippedSteps: Int?
    public var calibration: Calibration
}

/// Asks a run to stop after the step that it is in. Setting it is safe on any thread and in a signal handler.
public final class Cancellation: Sendable {
    private let flag = Atomic<Bool>(false)

    public init() {}

    public var isCancelled: Bool { flag.load(ordering: .relaxed) }
    public func cancel() { flag.store(true, ordering: .relaxed) }
}
