import Foundation
import SemblanceCore

/// Everything that a training run depends on besides the network, the images and the device.
public struct TrainingOptions: Sendable, Hashable, Codable {
    public var epochs = 30
    /// Images in a step.
    public var batch = 32
    /// The base rate that `schedule` scales.
    public var learningRate: Float = 0.05
    public var loss = Loss.arcFace(margin: 0.5, scale: 64)
    public var optimiser = Optimiser.sgd(momentum: 0.9, weightDecay: 5e-4)
    public var schedule = Schedule.polynomial(power: 2)
    /// Epochs in which the learning rate rises.
    public var warmUpEpochs = 1.0
    /// The largest L2 norm of the gradient; infinity for no clipping.
    public var clipNorm: Float = 5
    public var augmentation = Augmentation()
    public var seed: UInt64 = 1
    /// Batch norms keep their running statistics: for fine-tuning.
    public var frozenStatistics = false
    /// The fraction of people that only verification and the threshold see.
    public var heldOutFraction = 0.15

    /// An image that cannot be read ends the run.
    public var isStrict = false
    /// Where checkpoints go; nil for none.
    public var checkpointPath: String?
    /// Steps from one checkpoint to the next; nil for the end of each epoch.
    public var checkpointInterval: Int?
    /// A file that gets every event as a line of JSON; nil for none.
    public var logPath: String?
    /// Threads that decode; nil for half of the cores.
    public var loaderThreads: Int?
    /// Decoded images are kept up to this many bytes.
    public var cacheBytes = 1 << 30

    public init() {}

    var resolvedLoaderThreads: Int {
        max(loaderThreads ?? ProcessInfo.processInfo.activeProcessorCount / 2, 1)
    }

    /// - Throws: `usage` naming the option that makes no sense.
    func validate() throws(SemblanceError) {
        func require(_ holds: Bool, _ message: String, _ remedy: String) throws(SemblanceError) {
            if !holds { throw SemblanceError(.usage, message, remedy: remedy) }
        }
        try require(epochs > 0, "\(epochs) epochs", "train for one epoch or more")
        try require(
            (2...65536).contains(batch), "a batch of \(batch) images",
            "choose 2 to 65536: batch norm needs two images or more")
        try require(
            learningRate > 0 && learningRate.isFinite, "a learning rate of \(learningRate)",
            "choose a positive number such as 0.05")
        try require(clipNorm > 0, "clipping at a norm of \(clipNorm)", "choose a positive number such as 5")
        try require(
            warmUpEpochs >= 0 && warmUpEpochs <= Double(epochs),
            "\(warmUpEpochs) epochs of warm-up out of \(epochs)",
            "let the warm-up be no longer than the run")
        try require(
            (0..<1).contains(heldOutFraction), "holding out a fraction of \(heldOutFraction) of the people",
            "choose a fraction from 0 to below 1, such as 0.15")
        try require(
            checkpointInterval ?? 1 > 0, "a checkpoint every \(checkpointInterval ?? 0) steps",
            "choose one step or more")
    }

    /// The options that a resumed run must share with its checkpoint, by name. More epochs are allowed; schedules then run over the new length.
    func differences(from other: TrainingOptions) -> [String] {
        var names: [String] = []
        func compare<Value: Equatable>(_ name: String, _ path: KeyPath<TrainingOptions, Value>) {
            if self[keyPath: path] != other[keyPath: path] {
                names.append(
                    "\(name) (\(other[keyPath: path]) in the checkpoint, \(self[keyPath: path]) now)")
            }
        }
        compare("batch", \.batch)
        compare("learning rate", \.learningRate)
        compare("loss", \.loss)
        compare("optimiser", \.optimiser)
        compare("schedule", \.schedule)
        compare("warm-up", \.warmUpEpochs)
        compare("clip norm", \.clipNorm)
        compare("augmentation", \.augmentation)
        compare("seed", \.seed)
        compare("frozen statistics", \.frozenStatistics)
        compare("held-out fraction", \.heldOutFraction)
        return names
    }
}
