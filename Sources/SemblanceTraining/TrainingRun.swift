import Foundation
import SemblanceCore

/// One run of a trainer on one backend: the plan, the loop and what it reports.
final class TrainingRun {
    private let trainer: Trainer
    private let backend: any Backend
    private let program: TrainingProgram
    private let plan: any Plan
    private let log: TrainingLog?
    private let sink: (TrainingEvent) -> Void
    private let paths: [[String]]
    private let stepsPerEpoch: Int
    private let firstStep: Int
    private var history: [EpochRecord]
    private var skipped: [SkippedImage] = []
    private var lastCheckpoint: Int?
    /// nil where the loss is not scaled.
    private var lossScale: LossScale?
    private var speed = Speedometer()

    private var options: TrainingOptions { trainer.options }
    private var stepCount: Int { options.epochs * stepsPerEpoch }

    init(
        _ trainer: Trainer, on backend: any Backend, from checkpoint: Checkpoint?,
        onEvent: @escaping (TrainingEvent) -> Void
    ) throws(SemblanceError) {
        let (options, folder) = (trainer.options, trainer.folder)
        self.trainer = trainer
        self.backend = backend
        sink = onEvent
        paths = trainer.split.training.map { person in
            folder.people[person].images.indices.map { folder.path(person: person, image: $0) }
        }
        program = try TrainingProgram(
            network: trainer.network, classes: paths.count, batch: options.batch, loss: options.loss,
            optimiser: options.optimiser, frozenStatistics: options.frozenStatistics,
            precision: backend.precision, seed: options.seed)
        lossScale = program.lossScale.map { _ in checkpoint?.header.lossScale ?? LossScale() }
        stepsPerEpoch = BalancedSampler(counts: paths.map(\.count), seed: options.seed)
            .stepCount(batch: options.batch)
        firstStep = checkpoint?.header.step ?? 0
        history = checkpoint?.header.history ?? []
        let header = Self.header(
            trainer, program, step: 0, history: [], device: backend.device.identifier)
        try checkpoint?.check(against: header)
        guard firstStep <= options.epochs * stepsPerEpoch else {
            throw SemblanceError(
                .usage,
                "the checkpoint has \(firstStep) steps behind it, more than \(options.epochs) epochs of \(stepsPerEpoch)",
                remedy: "ask for more epochs")
        }
        if let path = options.checkpointPath { try checkWritable(path) }
        log = try options.logPath.map { (path) throws(SemblanceError) in
            try TrainingLog(path: path, appends: checkpoint != nil)
        }
        plan = try backend.prepare(program.program, options: PlanOptions())
        if let checkpoint {
            try plan.write(checkpoint.parameters, to: program.parameters)
            try plan.write(checkpoint.statistics, to: program.statistics)
            for (values, id) in zip(checkpoint.moments, program.moments) { try plan.write(values, to: id) }
        }
    }

    func train(reason: () -> String, cancellation: Cancellation) throws(SemblanceError) -> TrainingResult {
        let start = ContinuousClock.now
        try emit(.started(startRecord(reason: reason())))
        let heldOut = try heldOutPeople()
        let loader = BatchLoader(paths: paths, configuration: loaderConfiguration, decode: trainer.decode)
        defer { loader.stop() }

        var scores: VerificationScores?
        var epoch = EpochTotals()
        var step = firstStep
        var isStaged = try stage(loader)
        speed.pause()
        while isStaged, !cancellation.isCancelled {
            try writeHyperparameters(step: step)
            try plan.run()
            // The next batch travels while the device computes; then this step's figures are waited for.
            isStaged = try stage(loader)
            step += 1
            for image in loader.takeSkipped() { try skip(image) }
            let record = try readBack(step: step)
            try emit(.step(record))
            epoch.add(record)
            let endsEpoch = step % stepsPerEpoch == 0
            if endsEpoch {
                scores = try verify(heldOut)
                let summary = scores.map {
                    VerificationSummary(people: heldOut?.peopleCount ?? 0, scores: $0)
                }
                let record = epoch.record(
                    epoch: step / stepsPerEpoch, of: options.epochs, step: step, verification: summary)
                history.append(record)
                try emit(.epoch(record))
                epoch = EpochTotals()
            }
            let isDue = options.checkpointInterval.map { step % $0 == 0 } ?? endsEpoch
            if isDue { try saveCheckpoint(step: step) }
            if endsEpoch || isDue { speed.pause() }
        }
        let isCancelled = step < stepCount
        if lastCheckpoint != step, step > firstStep { try saveCheckpoint(step: step) }
        // A run that was resumed at its end has not verified anything yet.
        if !isCancelled, scores == nil { scores = try verify(heldOut) }
        return try finish(
            step: step, isCancelled: isCancelled, seconds: (ContinuousClock.now - start).seconds,
            calibration: calibration(heldOut, scores, isCancelled: isCancelled))
    }

    // MARK: - One step

    private var loaderConfiguration: BatchLoader.Configuration {
        BatchLoader.Configuration(
            format: trainer.format, augmentation: options.augmentation, batch: options.batch,
            epochs: options.epochs, firstStep: firstStep, seed: options.seed,
            threads: options.resolvedLoaderThreads,
            cacheBytes: options.cacheBytes, isStrict: options.isStrict)
    }

    /// Writes the next batch to the plan; false after the last step.
    private func stage(_ loader: BatchLoader) throws(SemblanceError) -> Bool {
        let staged: Void? = try loader.next { (batch) throws(SemblanceError) in
            try plan.write(batch.images, to: program.images)
            try plan.write(batch.labels, to: program.labels)
        }
        return staged != nil
    }

    /// Writes what depends on how the steps before went.
    private func writeHyperparameters(step: Int) throws(SemblanceError) {
        let hyper = options.hyperparameters(step: step, stepsPerEpoch: stepsPerEpoch, lossScale: lossScale)
        try plan.write(hyper, to: program.hyper)
        try plan.write([Float(step)], to: program.step)
        if let lossScale, let id = program.lossScale { try plan.write([lossScale.factor], to: id) }
    }

    private func learningRate(step: Int) -> Float {
        options.learningRate(step: step, stepsPerEpoch: stepsPerEpoch)
    }

    /// The figures of the last step queued, which is number `step` counted from 1.
    private func readBack(step: Int) throws(SemblanceError) -> StepRecord {
        let losses = try plan.read(program.losses)
        let correct = try plan.read(program.correct)
        let factor = lossScale?.factor ?? 1
        let norm = try plan.read(program.squaredGradientNorm)[0].squareRoot() / factor
        speed.tick(images: options.batch)
        var record = StepRecord(
            step: step, steps: stepCount, epoch: (step - 1) / stepsPerEpoch + 1,
            loss: losses.reduce(0, +) / Float(losses.count),
            accuracy: correct.reduce(0, +) / Float(correct.count),
            gradientNorm: norm, learningRate: learningRate(step: step - 1),
            imagesPerSecond: speed.imagesPerSecond,
            secondsRemaining: Double((stepCount - step) * options.batch) / max(speed.imagesPerSecond, 1e-9))
        // Without a finite norm the optimiser has changed nothing: a smaller scale may do.
        let goesOn = lossScale?.update(isFinite: norm.isFinite) ?? norm.isFinite
        guard record.loss.isFinite, goesOn else { throw divergence(record) }
        record.lossScale = lossScale.map { _ in factor }
        record.isSkipped = lossScale.map { _ in !norm.isFinite }
        return record
    }

    private func divergence(_ record: StepRecord) -> SemblanceError {
        let what =
            record.loss.isFinite
            ? "the gradient's norm is \(record.gradientNorm)" : "the loss is \(record.loss)"
        return diverged(
            "\(what) in step \(record.step) (epoch \(record.epoch), learning rate \(record.learningRate))")
    }

    private func diverged(_ what: String) -> SemblanceError {
        var remedy = "lower the learning rate or lengthen the warm-up"
        if lossScale != nil { remedy += ", or use --precision float: half ends at 65504" }
        if let path = options.checkpointPath, let step = lastCheckpoint {
            remedy += "; the checkpoint of step \(step) is kept in \(path)"
        }
        return SemblanceError(.numericalFailure, what, remedy: remedy)
    }

    // MARK: - Weights

    private func exportedNetwork() throws(SemblanceError) -> Network {
        var network = trainer.network
        program.update(
            &network, parameters: try plan.read(program.parameters),
            statistics: try plan.read(program.statistics))
        return network
    }

    private func saveCheckpoint(step: Int) throws(SemblanceError) {
        guard let path = options.checkpointPath else { return }
        let parameters = try plan.read(program.parameters)
        // The loss of the last step was fine; the weights that it led to need not be.
        guard parameters.allSatisfy({ abs($0) < Self.largestWeight }) else {
            throw diverged(
                "weights are beyond all bounds after step \(step) (learning rate \(learningRate(step: step - 1)))"
            )
        }
        let checkpoint = Checkpoint(
            header: Self.header(
                trainer, program, step: step, history: history, device: backend.device.identifier,
                lossScale: lossScale),
            parameters: parameters, statistics: try plan.read(program.statistics),
            moments: try program.moments.map { (id) throws(SemblanceError) in try plan.read(id) })
        try checkpoint.write(to: path)
        lastCheckpoint = step
        try emit(.checkpointSaved(path: path, step: step))
    }

    /// No network that trains has weights as large as this.
    private static let largestWeight: Float = 1e8

    private static func header(
        _ trainer: Trainer, _ program: TrainingProgram, step: Int, history: [EpochRecord], device: String,
        lossScale: LossScale? = nil
    ) -> Checkpoint.Header {
        let entries = program.parameterEntries + program.statisticEntries
        let head = program.parameterEntries.first { $0.name == TrainingProgram.headName }
        return Checkpoint.Header(
            options: trainer.options,
            network: Checkpoint.NetworkIdentity(
                name: trainer.network.name, inputShape: trainer.network.inputShape.dimensions,
                embedding: head?.shape[1] ?? 0),
            format: trainer.format, dataset: trainer.folder.fingerprint, step: step, history: history,
            device: device, lossScale: lossScale,
            entries: entries.map {
                Checkpoint.Entry(name: $0.name, shape: $0.shape.dimensions, offset: $0.offset)
            },
            counts: Checkpoint.Counts(
                parameters: program.program.shape(of: program.parameters).count,
                statistics: program.program.shape(of: program.statistics).count,
                moments: program.moments.count))
    }

    // MARK: - Reports

    private func emit(_ event: TrainingEvent) throws(SemblanceError) {
        try log?.write(event)
        sink(event)
    }

    private func skip(_ image: SkippedImage) throws(SemblanceError) {
        skipped.append(image)
        try emit(.imageSkipped(image))
    }

    private func startRecord(reason: String) -> TrainingStart {
        TrainingStart(
            network: trainer.network.name, parameters: trainer.network.parameterCount,
            device: backend.device.identifier, deviceName: backend.device.name, reason: reason,
            precision: backend.precision,
            seed: options.seed,
            people: paths.count, images: paths.reduce(0) { $0 + $1.count },
            heldOutPeople: trainer.split.heldOut.count, epochs: options.epochs, stepsPerEpoch: stepsPerEpoch,
            firstStep: firstStep, planBytes: plan.memory)
    }

    private func heldOutPeople() throws(SemblanceError) -> HeldOutPeople? {
        guard !trainer.split.heldOut.isEmpty else { return nil }
        let pairs = VerificationPairs(trainer.folder, people: trainer.split.heldOut, seed: options.seed)
        let people = try HeldOutPeople(
            pairs, format: trainer.format, isStrict: options.isStrict, decode: trainer.decode)
        for image in people.skipped { try skip(image) }
        return people
    }

    private func verify(_ people: HeldOutPeople?) throws(SemblanceError) -> VerificationScores? {
        try people?.scores(of: try exportedNetwork(), on: backend)
    }

    private func calibration(_ heldOut: HeldOutPeople?, _ scores: VerificationScores?, isCancelled: Bool)
        -> Calibration
    {
        if isCancelled { return .uncalibrated(reason: "the training was stopped before its end") }
        guard let heldOut, let scores else {
            return .uncalibrated(reason: trainer.split.reason ?? "nobody was held out")
        }
        return Calibration(people: heldOut.peopleCount, scores: scores)
    }

    private func finish(step: Int, isCancelled: Bool, seconds: Double, calibration: Calibration)
        throws(SemblanceError) -> TrainingResult
    {
        let end = TrainingEnd(
            step: step, isCancelled: isCancelled, seconds: seconds, imagesPerSecond: speed.overall,
            skippedImages: skipped.count, skippedSteps: lossScale?.skippedSteps, calibration: calibration)
        let network = try exportedNetwork()
        try emit(.finished(end))
        return TrainingResult(
            network: network, format: trainer.format, calibration: calibration, history: history,
            skipped: skipped,
            step: step, isCancelled: isCancelled, device: backend.device, seconds: seconds,
            imagesPerSecond: speed.overall)
    }
}
