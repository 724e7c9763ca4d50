import Foundation
import SemblanceCore
import SemblanceTraining

/// A model prepared on a device, to be timed on random images.
public final class Benchmark {
    public enum Mode: Sendable {
        case inference
        /// A step of SGD with ArcFace over so many people.
        case training(classes: Int)
    }

    public let network: String
    public var planBytes: Int { plan.memory }
    private let plan: any Plan
    private let precision: Precision
    /// What is read at the end of a run: the run is over when it has arrived.
    private let result: ValueID
    private var resultValues: [Float]

    /// - Parameter path: a model file of any kind, a detector's too; only networks with one output can be trained.
    /// - Throws: what reading the file and preparing the program on the device throw.
    public init(path: String, batch: Int, mode: Mode, profiles: Bool, on device: SelectedDevice)
        throws(SemblanceError)
    {
        let network = try RecognitionModel.network(path: path)
        self.network = network.name
        var options = PlanOptions()
        options.profiles = profiles
        var random = RandomSource(seed: 1)
        func noise(_ count: Int) -> [Float] { (0..<count).map { _ in random.uniform(-1...1) } }

        switch mode {
        case .inference:
            let program = try Program.inference(network.optimised(), batch: batch)
            guard let input = program.value(named: network.inputName),
                let output = network.outputNames.first.flatMap(program.value(named:))
            else { throw SemblanceError(.invalidModel, "\(network.name) has no input or no output") }
            plan = try device.prepare(program, options: options)
            result = output
            try plan.write(noise(program.shape(of: input).count), to: input)
        case .training(let classes):
            let training = try TrainingProgram(
                network: network, classes: classes, batch: batch,
                loss: .arcFace(margin: 0.5, scale: 64),
                optimiser: .sgd(momentum: 0.9, weightDecay: 5e-4), precision: device.precision, seed: 1)
            plan = try device.prepare(training.program, options: options)
            result = training.losses
            try plan.write(noise(training.program.shape(of: training.images).count), to: training.images)
            try plan.write((0..<batch).map { Float($0 % classes) }, to: training.labels)
            var hyper = [Float](repeating: 0, count: Hyperparameter.count)
            hyper[Hyperparameter.learningRate.rawValue] = 1e-3
            hyper[Hyperparameter.clipNorm.rawValue] = 5
            try plan.write([0], to: training.step)
            try Self.settle(&hyper, training, plan)
        }
        precision = device.precision
        resultValues = [Float](repeating: 0, count: plan.program.shape(of: result).count)
    }

    /// Writes the hyperparameters, with the largest scale of the loss that leaves the gradient finite: a skipped step costs less.
    private static func settle(
        _ hyper: inout [Float], _ training: TrainingProgram, _ plan: any Plan
    ) throws(SemblanceError) {
        guard let id = training.lossScale else { return try plan.write(hyper, to: training.hyper) }
        var scale = LossScale()
        while true {
            hyper[Hyperparameter.lossScaleExponent.rawValue] = Float(scale.exponent)
            try plan.write(hyper, to: training.hyper)
            try plan.write([scale.factor], to: id)
            try plan.run()
            let isFinite = try plan.read(training.squaredGradientNorm)[0].isFinite
            guard scale.update(isFinite: isFinite) else {
                throw SemblanceError(
                    .numericalFailure, "the gradient of random images is beyond half's numbers",
                    remedy: "use --precision float")
            }
            if isFinite { return }
        }
    }

    /// One run, from queueing it to having its result.
    /// - Returns: seconds.
    public func run() throws(SemblanceError) -> Double {
        let start = ContinuousClock.now
        try plan.run()
        try resultValues.withUnsafeMutableBufferPointer { (buffer) throws(SemblanceError) in
            try plan.read(result, into: buffer)
        }
        return start.secondsElapsed
    }

    /// What a run costs at least.
    public var work: OpWork { plan.program.work(in: precision) }

    /// Where the time goes, in the median of some runs.
    /// - Throws: what running throws. Needs `profiles`.
    public func profile(runs: Int) throws(SemblanceError) -> LayerProfile {
        try LayerProfile(of: plan, in: precision, runs: runs) { () throws(SemblanceError) in try run() }
    }

    /// The most memory that this process has had resident, in bytes.
    public static var peakBytes: Int {
        var usage = rusage()
        getrusage(__rusage_who_t(RUSAGE_SELF.rawValue), &usage)
        return usage.ru_maxrss * 1024
    }
}
