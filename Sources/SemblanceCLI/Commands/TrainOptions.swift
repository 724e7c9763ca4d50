import Foundation
import Semblance

/// The options of training, as the command line spells them.
enum TrainOptions {
    enum LossName: String, CaseIterable { case arcface, cosface, softmax }
    enum OptimiserName: String, CaseIterable { case sgd, adamw }
    enum ScheduleName: String, CaseIterable { case constant, step, cosine, polynomial }

    static let options = [
        Option("--from", "MODEL", "go on from an existing model (fine-tuning)"),
        Option("--freeze-statistics", nil, "keep the batch norms' running statistics as they are"),
        Option("--epochs", "N", "passes over the images (default: 30)"),
        Option("--batch", "N", "images in a step (default: 32)"),
        Option("--lr", "RATE", "learning rate (default: 0.05 for sgd, 0.001 for adamw)"),
        Option("--loss", "NAME", "arcface, cosface or softmax (default: arcface)"),
        Option("--margin", "M", "margin of the loss (default: 0.5 for arcface, 0.4 for cosface)"),
        Option("--scale", "S", "scale of the cosines (default: 64)"),
        Option("--optimizer", "NAME", "sgd or adamw (default: sgd)"),
        Option("--momentum", "M", "of sgd (default: 0.9)"),
        Option("--weight-decay", "D", "of weights (default: 0.0005)"),
        Option("--schedule", "NAME", "constant, step, cosine or polynomial (default: polynomial)"),
        Option("--warm-up", "EPOCHS", "epochs in which the rate rises (default: 1)"),
        Option("--clip", "NORM", "largest norm of the gradient (default: 5)"),
        Option("--augment", "FACTOR", "strength of the augmentation, 0 for none (default: 1)"),
        Option("--held-out", "FRACTION", "people kept for measuring (default: 0.15)"),
        Option("--checkpoint", "FILE", "where checkpoints go (default: OUTPUT.checkpoint)"),
        Option("--checkpoint-every", "STEPS", "steps between checkpoints (default: an epoch)"),
        Option("--resume", nil, "go on from the checkpoint"),
        Option("--log", "FILE", "write every step's figures as JSON lines"),
        Option("--loader-threads", "N", "threads that decode images (default: half of the cores)"),
    ]

    static func parse(_ arguments: Arguments, output: String) throws(SemblanceError) -> TrainingOptions {
        var options = TrainingOptions()
        options.seed = try NetworkOptions.seed(arguments)
        if let epochs = try arguments.integer("--epochs", 1...1_000_000) { options.epochs = epochs }
        if let batch = try arguments.integer("--batch", 2...65536) { options.batch = batch }
        options.loss = try loss(arguments)
        let decay = Float(try arguments.number("--weight-decay", 0...1) ?? 5e-4)
        switch try arguments.choice("--optimizer", OptimiserName.self) ?? .sgd {
        case .sgd:
            let momentum = Float(try arguments.number("--momentum", 0...0.9999) ?? 0.9)
            options.optimiser = .sgd(momentum: momentum, weightDecay: decay)
            options.learningRate = 0.05
        case .adamw:
            options.optimiser = .adamW(beta1: 0.9, beta2: 0.999, epsilon: 1e-8, weightDecay: decay)
            options.learningRate = 0.001
        }
        if let rate = try arguments.number("--lr", 0...1e30) { options.learningRate = Float(rate) }
        switch try arguments.choice("--schedule", ScheduleName.self) ?? .polynomial {
        case .constant: options.schedule = .constant
        case .step: options.schedule = .step(milestones: [0.5, 0.75, 0.9], factor: 0.1)
        case .cosine: options.schedule = .cosine(floor: 0)
        case .polynomial: options.schedule = .polynomial(power: 2)
        }
        options.warmUpEpochs =
            try arguments.number("--warm-up", 0...1e6) ?? min(1, Double(options.epochs) / 4)
        if let norm = try arguments.number("--clip", 0...1e30) { options.clipNorm = Float(norm) }
        if let factor = try arguments.number("--augment", 0...3) {
            options.augmentation = Augmentation().scaled(by: Float(factor))
        }
        if let fraction = try arguments.number("--held-out", 0...0.9) { options.heldOutFraction = fraction }
        options.frozenStatistics = arguments.flag("--freeze-statistics")
        options.isStrict = arguments.flag("--strict")
        options.checkpointPath = arguments.text("--checkpoint") ?? output + ".checkpoint"
        options.checkpointInterval = try arguments.integer("--checkpoint-every", 1...1_000_000_000)
        options.logPath = arguments.text("--log")
        options.loaderThreads = try arguments.integer("--loader-threads", 1...1024)
        return options
    }

    private static func loss(_ arguments: Arguments) throws(SemblanceError) -> Loss {
        let margin = try arguments.number("--margin", 0...1.5).map { Float($0) }
        let scale = try arguments.number("--scale", 0.01...1000).map { Float($0) } ?? 64
        switch try arguments.choice("--loss", LossName.self) ?? .arcface {
        case .arcface: return .arcFace(margin: margin ?? 0.5, scale: scale)
        case .cosface: return .cosFace(margin: margin ?? 0.4, scale: scale)
        case .softmax: return .softmax
        }
    }
}
