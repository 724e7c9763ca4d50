import Foundation
import SemblanceCore
import SemblanceImaging

/// What a run gives back.
public struct TrainingResult: Sendable {
    /// With the trained weights: neither folded nor fused, ready to be written or trained on.
    public var network: Network
    public var format: InputFormat
    public var calibration: Calibration
    public var history: [EpochRecord]
    public var skipped: [SkippedImage]
    /// Steps done, and whether the run was asked to stop before its end.
    public var step: Int
    public var isCancelled: Bool
    public var device: Device
    public var seconds: Double
    public var imagesPerSecond: Double
}

/// Trains a network to tell the people of a folder apart.
///
/// The same network, folder, options and device (and thread count, on a CPU) give the same weights, bit for bit; the number of loader threads
/// plays no part. Across devices the seeds draw the same images, augmentations and dropped elements, and losses agree within rounding that
/// grows with the steps.
public struct Trainer: Sendable {
    public let network: Network
    public let folder: FaceFolder
    public let options: TrainingOptions
    public let format: InputFormat
    let split: IdentitySplit
    let decode: FaceDecoder

    /// - Parameters:
    ///   - network: with its initial weights, neither folded nor fused.
    ///   - format: of the input, or nil for pixels from -1 to 1, grey or RGB as the network's channels say.
    /// - Throws: `usage` for options that make no sense, `invalidModel` for a network that cannot be trained here.
    public init(
        network: Network, folder: FaceFolder, options: TrainingOptions, format: InputFormat? = nil
    ) throws(SemblanceError) {
        try options.validate()
        self.network = network
        self.folder = folder
        self.options = options
        let decoder = ImageDecoder()
        decode = { (path, format, margin) throws(SemblanceError) in
            try decoder.decode(path: path).face(for: format, margin: margin)
        }
        if let format {
            self.format = format
        } else {
            self.format = try InputFormat(trainingInputOf: network)
        }
        guard self.format.count == network.inputShape.count else {
            throw SemblanceError(
                .invalidModel,
                "\(network.name) takes \(network.inputShape), which is not what its format says")
        }
        split = IdentitySplit(folder, fraction: options.heldOutFraction, seed: options.seed)
    }

    /// Trains to the end, or until it is cancelled (which saves a checkpoint).
    /// - Parameters:
    ///   - reason: why this backend, asked once the plan is prepared on it: it goes into the log.
    ///   - checkpoint: of a run to go on with, on any backend; bit for bit as if never interrupted on the same device.
    ///   - onEvent: called on this thread, in order.
    /// - Throws: `modelMismatch` for a checkpoint of another run, `numericalFailure` where the loss or the gradient is no number any more (the last checkpoint
    ///   stays), `invalidInput` for images, `outputUnwritable`, and the backend's errors as they are.
    public func run(
        on backend: any Backend, reason: @autoclosure () -> String, from checkpoint: Checkpoint? = nil,
        cancellation: Cancellation = Cancellation(), onEvent: @escaping (TrainingEvent) -> Void = { _ in }
    ) throws(SemblanceError) -> TrainingResult {
        let run = try TrainingRun(self, on: backend, from: checkpoint, onEvent: onEvent)
        return try run.train(reason: reason, cancellation: cancellation)
    }
}
