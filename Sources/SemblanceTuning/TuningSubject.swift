import Semblance
import SemblanceCore
import SemblanceOpenCL
import SemblanceTraining
import SemblanceVerification

/// A shape that programs ask for, and an operation that asks for it.
package struct TuningSubject: Sendable {
    package var tunable: Tunable
    /// The first operation that was met: others of the same shape may differ in what follows the product.
    var opCase: OpCase
    /// Whether the operation's parameters never change.
    var hasConstants: Bool
    /// The part of all programs' work that hangs on it, each program counting the same: from 0 to 1.
    package var share: Double

    /// The subjects of some programs, those with most work first.
    /// - Parameter traits: of the device, without choices.
    package static func all(in programs: [Program], on traits: DeviceTraits) -> [TuningSubject] {
        var subjects: [TuningSubject] = []
        var places: [Tunable: Int] = [:]
        for program in programs {
            let operations = program.steps.reduce(0) { $0 + program.work(of: $1).operations }
            let total = Double(max(operations, 1)) * Double(programs.count)
            for step in program.steps {
                let inputs = step.inputs.map(program.shape), outputs = step.outputs.map(program.shape)
                guard let tunable = Tunable(step.op, inputs: inputs, outputs: outputs, on: traits),
                    let opCase = OpCase(step.op, inputs: inputs, outputs: outputs)
                else { continue }
                let share = Double(program.work(of: step).operations) / total
                if let place = places[tunable] {
                    subjects[place].share += share
                    continue
                }
                places[tunable] = subjects.count
                let constants =
                    !opCase.parameters.isEmpty
                    && opCase.parameters.allSatisfy {
                        program[step.inputs[$0]].storage == .constant
                    }
                subjects.append(
                    TuningSubject(
                        tunable: tunable, opCase: opCase, hasConstants: constants, share: share))
            }
        }
        return subjects.enumerated().sorted { ($1.element.share, $0.offset) < ($0.element.share, $1.offset) }
            .map(\.element)
    }
}

/// What a tuning is for.
package struct TuningWorkload: Sendable {
    /// Of the people in a training step's classifier.
    static let classes = 1000

    private var networks: [Network]
    private var batches: [Int]
    private var trains: Bool

    /// - Parameters:
    ///   - path: a model file of any kind; nil for IResNet-50 and MobileFaceNet.
    ///   - trains: whether training steps count besides inference.
    /// - Throws: what reading the file throws.
    package init(model path: String?, batches: [Int], trains: Bool) throws(SemblanceError) {
        var networks: [Network] = []
        if let path {
            networks = [try RecognitionModel.network(path: path)]
        } else {
            for architecture in [Architecture.iResNet50, .mobileFaceNet] {
                networks.append(try architecture.network(size: architecture.defaultSize, seed: 1))
            }
        }
        self.init(networks: networks, batches: batches, trains: trains)
    }

    package init(networks: [Network], batches: [Int], trains: Bool) {
        self.networks = networks
        self.batches = batches
        self.trains = trains
    }

    /// - Throws: `unsupportedOperation` and `invalidModel` for networks that cannot be run or trained, `usage` where no batch can be trained.
    package func programs() throws(SemblanceError) -> [Program] {
        var programs: [Program] = []
        guard !trains || batches.contains(where: { $0 > 1 }) else {
            throw SemblanceError(
                .usage, "--training is given, and no batch of more than one image",
                remedy: "name one with --batch: batch norm over a single image has no spread")
        }
        for network in networks {
            let optimised = network.optimised()
            for batch in batches {
                programs.append(try Program.inference(optimised, batch: batch).withoutInitialValues())
                guard trains, batch > 1 else { continue }
                let training = try TrainingProgram(
                    network: network, classes: Self.classes, batch: batch,
                    loss: .arcFace(margin: 0.5, scale: 64),
                    optimiser: .sgd(momentum: 0.9, weightDecay: 5e-4), seed: 1)
                programs.append(training.program.withoutInitialValues())
            }
        }
        return programs
    }
}
