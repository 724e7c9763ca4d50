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
        file with its false accept rate. Ctrl-C saves a checkpoint; --resume goes on from it. A model of a folder that prepare made
        from photographs finds and aligns faces by itself.
        """

    static func run(_ arguments: Arguments) throws -> Int32 {
        let folder = try FaceFolder(root: arguments.operands(1, "one folder")[0])
        let output = try arguments.required("--output")
        // Before hours of training rather than after them.
        try checkWritable(output)
        let options = try TrainOptions.parse(arguments, output: output)
        let (network, format) = try startingPoint(arguments)
        let checkpointPath = options.checkpointPath ?? output + ".checkpoint"
        let checkpoint = arguments.flag("--resume") ? try Checkpoint(path: checkpointPath) : nil
        let device = try arguments.device()
        let trainer = try Trainer(network: network, folder: folder, options: options, format: format)
        let alignment = try PreparedDataset.alignment(of: folder.root, for: trainer.format)
        let interruption = Interruption()
        let reporter = TrainingReporter(isJSON: arguments.flag("--json"))

        let result = try trainer.run(
            on: device, onFault: .moveToCPU, from: checkpoint, cancellation: interruption.cancellation,
            onEvent: reporter.report)
        try RecognitionModel(result, of: trainer, alignment: alignment).write(to: output)
        reporter.finish(result, output: output, checkpoint: checkpointPath)
        return result.isCancelled ? 130 : 0
    }

    /// A new network, or the one of --from with its own input format.
    private static func startingPoint(_ arguments: Arguments) throws(SemblanceError) -> (
        Network, InputFormat?
    ) {
        guard let path = arguments.text("--from") else { return (try NetworkOptions.network(arguments), nil) }
        if let name = arguments.given(["--network", "--size", "--channels", "--embedding"]) {
            throw SemblanceError(
                .usage, "\(name) and --from are both given",
                remedy: "the network comes from the model: leave \(name) out")
        }
        let model = try RecognitionModel(path: path)
        return (model.network, model.description.input)
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
