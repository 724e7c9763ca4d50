import Dispatch
import Foundation
import Semblance

enum TrainCommand: Command {
    static let name = "train"
    static let summary = "Learn an embedding network from a folder of labelled faces (DIR/person/image)."
    static let operands = "DIR"
    static let options =
        [Option("--output", "FILE", "the model to write (ONNX)")] + NetworkOptions.options
        + TrainOptions.options
        + [FaceOptions.strict, Option("--json", nil, "print every event as a line of JSON")] + Option.device
    static let details = """
        Some people are held out: they measure the model after each epoch and calibrate its threshold, which goes into the
        file with its false accept rate. Ctrl-C saves a checkpoint; --resume goes on from it.
        """

    static func run(_ arguments: Arguments) throws -> Int32 {
        let folder = try FaceFolder(root: arguments.operands(1, "one folder")[0])
        let output = try arguments.required("--output")
        try requireWritableFolder(of: output)
        let options = try TrainOptions.parse(arguments, output: output)
        let (network, format) = try startingPoint(arguments)
        let checkpointPath = options.checkpointPath ?? output + ".checkpoint"
        let checkpoint = arguments.flag("--resume") ? try Checkpoint(path: checkpointPath) : nil
        let device = try arguments.device()
        let trainer = try Trainer(network: network, folder: folder, options: options, format: format)
        let interruption = Interruption()
        let reporter = TrainingReporter(isJSON: arguments.flag("--json"))

        let result = try train(trainer, on: device, from: checkpoint, checkpointPath, interruption, reporter)
        try write(result, options: options, folder: folder, to: output)
        reporter.finish(result, output: output, checkpoint: checkpointPath)
        return result.isCancelled ? 130 : 0
    }

    /// Runs the trainer; a device that was chosen automatically and fails in mid-run hands over to the CPU, from the last checkpoint.
    private static func train(
        _ trainer: Trainer, on device: SelectedDevice, from checkpoint: Checkpoint?, _ checkpointPath: String,
        _ interruption: Interruption, _ reporter: TrainingReporter
    ) throws(SemblanceError) -> TrainingResult {
        var isFresh = true
        do {
            return try trainer.run(
                on: device, reason: device.reason, from: checkpoint, cancellation: interruption.cancellation
            ) {
                if case .checkpointSaved = $0 { isFresh = false }
                reporter.report($0)
            }
        } catch {
            guard error.isOfDevice, device.mayFallBack else { throw error }
            try device.fallBack(because: error)
            // Only a checkpoint of this very run is where it stood.
            let last = isFresh ? checkpoint : try Checkpoint(path: checkpointPath)
            return try trainer.run(
                on: device, reason: device.reason, from: last, cancellation: interruption.cancellation,
                onEvent: reporter.report)
        }
    }

    /// A new network, or the one of --from with its own input format.
    private static func startingPoint(_ arguments: Arguments) throws(SemblanceError) -> (
        Network, InputFormat?
    ) {
        guard let path = arguments.text("--from") else { return (try NetworkOptions.network(arguments), nil) }
        for name in ["--network", "--size", "--channels", "--embedding"] where arguments.text(name) != nil {
            throw SemblanceError(
                .usage, "\(name) and --from are both given",
                remedy: "the network comes from the model: leave \(name) out")
        }
        let model = try RecognitionModel(path: path)
        return (model.network, model.description.input)
    }

    /// Fails before hours of training rather than after them.
    private static func requireWritableFolder(of path: String) throws(SemblanceError) {
        let folder = (path as NSString).deletingLastPathComponent
        let place = folder.isEmpty ? "." : folder
        guard access(place, W_OK) == 0 else {
            throw SemblanceError(
                .outputUnwritable, "\(path) cannot be written: \(String(cString: strerror(errno)))",
                remedy: "choose a folder that exists and may be written")
        }
    }

    private static func write(
        _ result: TrainingResult, options: TrainingOptions, folder: FaceFolder, to path: String
    ) throws(SemblanceError) {
        let summary = ModelDescription.TrainingSummary(
            people: folder.people.count, images: folder.imageCount, epochs: options.epochs,
            steps: result.step,
            seed: options.seed, loss: TrainOptions.name(of: options.loss), device: result.device.name,
            seconds: result.seconds)
        let description = ModelDescription(
            input: result.format, calibration: result.calibration, training: summary)
        try RecognitionModel(network: result.network, description: description).write(to: path)
    }
}

/// Turns Ctrl-C and SIGTERM into a request to stop after the step in hand; a second one ends the process.
private final class Interruption {
    let cancellation = Cancellation()
    private var sources: [any DispatchSourceSignal] = []

    init() {
        let cancellation = cancellation
        for number in [SIGINT, SIGTERM] {
            signal(number, SIG_IGN)
            let source = DispatchSource.makeSignalSource(signal: number, queue: .global())
            source.setEventHandler {
                if cancellation.isCancelled { _exit(130) }
                cancellation.cancel()
                Console.error("stopping after this step; once more to stop at once")
            }
            source.resume()
            sources.append(source)
        }
    }
}
