import Foundation
import SemblanceCPU
import SemblanceCore
import SemblanceTraining
import Testing

/// Weights and figures of a run.
private struct Outcome {
    var weights: [[Float]]
    var losses: [Float]
    var result: TrainingResult
}

@Suite(.serialized) struct TrainerTests {
    private let backend: CPUBackend

    // One thread: on networks this small, threads only wait for each other.
    init() throws { backend = try CPUBackend(threads: 1) }

    private func run(
        _ trainer: Trainer, from checkpoint: Checkpoint? = nil, cancelAfter step: Int? = nil,
        on backend: (any Backend)? = nil
    ) throws -> Outcome {
        let cancellation = Cancellation()
        var losses: [Float] = []
        let result = try trainer.run(
            on: backend ?? self.backend, reason: "test", from: checkpoint, cancellation: cancellation
        ) { event in
            guard case .step(let record) = event else { return }
            losses.append(record.loss)
            if record.step == step { cancellation.cancel() }
        }
        return Outcome(
            weights: result.network.parameters.map(\.tensor.values), losses: losses, result: result)
    }

    private func trainer(_ files: PatternFolder, _ options: TrainingOptions) throws -> Trainer {
        try Trainer(network: try tinyNetwork(), folder: try files.folder(), options: options)
    }

    @Test func learnsToTellUnseenPeopleApart() throws {
        let files = try PatternFolder(counts: [Int](repeating: 10, count: 24))
        let outcome = try run(try trainer(files, quickOptions(epochs: 12, batch: 16)))
        let history = outcome.result.history
        #expect(history.count == 12 && outcome.losses.count == outcome.result.step)
        #expect(history[11].loss < 0.5 * history[0].loss)
        let verification = try #require(history[11].verification)
        #expect(verification.people == 6 && verification.genuinePairs == 6 * 45)
        #expect(verification.accuracy > 0.9, "\(verification)")
        guard case .calibrated(let summary, _) = outcome.result.calibration else {
            Issue.record("uncalibrated")
            return
        }
        #expect(summary == verification)
        #expect(outcome.result.calibration.recommended?.falseAcceptRate == 1e-3)
        #expect(outcome.result.skipped.isEmpty && !outcome.result.isCancelled)
    }

    @Test func seedsDecideEverything() throws {
        let files = try PatternFolder(counts: [4, 4, 4, 4, 4, 4, 4, 4])
        var options = quickOptions(epochs: 2)
        let first = try run(try trainer(files, options))
        options.loaderThreads = 3
        options.cacheBytes = 0
        let second = try run(try trainer(files, options))
        #expect(first.losses == second.losses)
        #expect(first.weights == second.weights)
        options.seed = 2
        #expect(try run(try trainer(files, options)).losses != first.losses)
    }

    @Test(arguments: [
        Optimiser.sgd(momentum: 0.9, weightDecay: 5e-4),
        .adamW(beta1: 0.9, beta2: 0.999, epsilon: 1e-8, weightDecay: 0.01),
    ])
    func resumesBitForBit(optimiser: Optimiser) throws {
        let files = try PatternFolder(counts: [5, 4, 6, 5, 5, 7, 5, 5])
        var options = quickOptions(epochs: 4)
        options.optimiser = optimiser
        options.learningRate = optimiser.momentCountForTest == 2 ? 0.002 : 0.05
        let whole = try run(try trainer(files, options))
        let stepsPerEpoch = whole.result.step / 4
        let path = files.root + "-checkpoint"
        defer { try? FileManager.default.removeItem(atPath: path) }
        options.checkpointPath = path
        // At an epoch's end, and in the middle of one.
        for stop in [2 * stepsPerEpoch, stepsPerEpoch + 2] {
            let first = try run(try trainer(files, options), cancelAfter: stop)
            #expect(first.result.isCancelled && first.result.step == stop)
            guard case .uncalibrated = first.result.calibration else {
                Issue.record("a stopped run is calibrated")
                return
            }
            let checkpoint = try Checkpoint(path: path)
            #expect(checkpoint.header.step == stop)
            let second = try run(try trainer(files, options), from: checkpoint)
            #expect(first.losses + second.losses == whole.losses)
            #expect(second.weights == whole.weights)
            #expect(second.result.calibration == whole.result.calibration)
            #expect(second.result.history.map(\.verification) == whole.result.history.map(\.verification))
        }
    }

    @Test func aCheckpointOfAnotherRunIsRefusedWithTheReason() throws {
        let files = try PatternFolder(counts: [2, 2, 2, 2, 2, 2, 2])
        var options = quickOptions(epochs: 1)
        options.checkpointPath = files.root + "-checkpoint"
        defer { try? FileManager.default.removeItem(atPath: files.root + "-checkpoint") }
        _ = try run(try trainer(files, options))
        let checkpoint = try Checkpoint(path: files.root + "-checkpoint")
        func refusal(_ trainer: Trainer) -> String {
            do {
                _ = try run(trainer, from: checkpoint)
                return ""
            } catch {
                #expect((error as? SemblanceError)?.code == .modelMismatch)
                return "\(error)"
            }
        }
        var other = options
        other.learningRate = 0.01
        other.seed = 99
        let text = refusal(try trainer(files, other))
        #expect(text.contains("learning rate (0.05 in the checkpoint, 0.01 now)"))
        #expect(text.contains("seed (1 in the checkpoint, 99 now)"))
        let network = try Trainer(network: tinyNetwork(size: 16), folder: files.folder(), options: options)
        #expect(
            refusal(network).contains("the network (tiny [1x32x32] in the checkpoint, tiny [1x16x16] now)"))
        try files.write([1], to: "p03/99.pgm")
        #expect(
            refusal(try trainer(files, options)).contains(
                "7 people with 14 images in the checkpoint, 7 with 15 now"))
    }

    @Test func aFinishedRunIsEvaluatedAgainOrExtended() throws {
        let files = try PatternFolder(counts: [4, 4, 4, 4, 4, 4])
        let path = files.root + "-checkpoint"
        defer { try? FileManager.default.removeItem(atPath: path) }
        var options = quickOptions(epochs: 2)
        options.checkpointPath = path
        let whole = try run(try trainer(files, options))
        let checkpoint = try Checkpoint(path: path)
        let again = try run(try trainer(files, options), from: checkpoint)
        #expect(again.losses.isEmpty && again.weights == whole.weights)
        #expect(again.result.calibration == whole.result.calibration && !again.result.isCancelled)
        options.epochs = 3
        let longer = try run(try trainer(files, options), from: checkpoint)
        #expect(longer.losses.count == whole.losses.count / 2 && longer.result.history.count == 3)
        options.epochs = 1
        let error = #expect(throws: SemblanceError.self) {
            try run(try trainer(files, options), from: checkpoint)
        }
        #expect(error?.code == .usage)
    }

    @Test func divergenceStopsAndKeepsTheLastCheckpoint() throws {
        let files = try PatternFolder(counts: [4, 4, 4, 4, 4, 4])
        let path = files.root + "-checkpoint"
        defer { try? FileManager.default.removeItem(atPath: path) }
        var options = quickOptions(epochs: 6)
        options.checkpointPath = path
        options.checkpointInterval = 1
        options.warmUpEpochs = 0
        // Fine for two steps, then a rate that nothing survives.
        options.learningRate = 1e30
        options.clipNorm = .infinity
        options.schedule = .step(milestones: [0], factor: 1e-32)
        let safe = try run(try trainer(files, options))
        #expect(safe.losses.allSatisfy { $0.isFinite })
        options.schedule = .constant
        let error = #expect(throws: SemblanceError.self) { try run(try trainer(files, options)) }
        #expect(error?.code == .numericalFailure)
        #expect(error?.message.contains("learning rate 1e+30") == true)
        // What is there now is still the good run's.
        let kept = try Checkpoint(path: path)
        #expect(kept.header.step == safe.result.step)
        #expect(kept.header.options.schedule == .step(milestones: [0], factor: 1e-32))
    }

    @Test func badImagesAreSkippedAndCountedOrAnError() throws {
        let files = try PatternFolder(counts: [4, 4, 4, 4, 4, 4, 4, 4])
        try files.write(Array("P5\n32 32\n255\n".utf8) + [1, 2, 3], to: "p00/cut.pgm")
        try files.write([], to: "p01/empty.png")
        try files.write(Array("RIFF\u{10}\0\0\0WEBPVP8 ".utf8), to: "p02/other.webp")
        var options = quickOptions(epochs: 3)
        options.heldOutFraction = 0.3
        let outcome = try run(try trainer(files, options))
        #expect(
            outcome.result.skipped.map { ($0.path as NSString).lastPathComponent }.sorted() == [
                "cut.pgm", "empty.png", "other.webp",
            ])
        let webp = outcome.result.skipped.first { $0.path.hasSuffix("webp") }
        #expect(webp?.reason.contains("convert ") == true)
        options.isStrict = true
        let error = #expect(throws: SemblanceError.self) { try run(try trainer(files, options)) }
        let text = error?.description ?? ""
        #expect(["cut.pgm", "empty.png", "other.webp"].contains { text.contains($0) }, "\(text)")
    }

    @Test func fewPeopleAreTrainedAndUncalibrated() throws {
        let files = try PatternFolder(counts: [3, 3])
        let outcome = try run(try trainer(files, quickOptions(epochs: 1)))
        guard case .uncalibrated(let reason) = outcome.result.calibration else {
            Issue.record("calibrated on two people")
            return
        }
        #expect(reason.contains("2 people are too few"))
        #expect(outcome.result.history[0].verification == nil)
    }

    @Test func aDeviceFaultIsThrownAndTheRunGoesOnElsewhere() throws {
        let files = try PatternFolder(counts: [4, 4, 4, 4, 4, 4])
        let path = files.root + "-checkpoint"
        defer { try? FileManager.default.removeItem(atPath: path) }
        var options = quickOptions(epochs: 3)
        let whole = try run(try trainer(files, options))
        options.checkpointPath = path
        options.checkpointInterval = 1
        let faulty = FaultyBackend(backend, failingRun: 4)
        let error = #expect(throws: SemblanceError.self) { try run(try trainer(files, options), on: faulty) }
        #expect(error?.code == .deviceFault)
        let checkpoint = try Checkpoint(path: path)
        #expect(checkpoint.header.step == 3)
        let rest = try run(try trainer(files, options), from: checkpoint)
        #expect(rest.weights == whole.weights)
    }

    @Test func theLogHasEveryStep() throws {
        let files = try PatternFolder(counts: [4, 4, 4, 4, 4, 4])
        let path = files.root + "-log"
        defer { try? FileManager.default.removeItem(atPath: path) }
        var options = quickOptions(epochs: 2)
        options.logPath = path
        let outcome = try run(try trainer(files, options))
        let lines = try String(contentsOfFile: path, encoding: .utf8).split(separator: "\n")
        let objects = try lines.map {
            try #require(JSONSerialization.jsonObject(with: Data($0.utf8)) as? [String: Any])
        }
        #expect(objects.first?["event"] as? String == "started")
        #expect(objects.first?["reason"] as? String == "test")
        #expect(objects.last?["event"] as? String == "finished")
        let losses = objects.filter { $0["event"] as? String == "step" }.compactMap {
            ($0["loss"] as? NSNumber)?.floatValue
        }
        #expect(losses == outcome.losses)
        #expect(objects.filter { $0["event"] as? String == "epoch" }.count == 2)
    }

    @Test func outputsThatCannotBeWrittenAreRefusedAtOnce() throws {
        let files = try PatternFolder(counts: [2, 2])
        for path in [\TrainingOptions.checkpointPath, \.logPath] {
            var options = quickOptions(epochs: 1)
            options[keyPath: path] = "/no/such/folder/file"
            let error = #expect(throws: SemblanceError.self) { try run(try trainer(files, options)) }
            #expect(error?.code == .outputUnwritable && error?.message.contains("/no/such/folder") == true)
        }
    }

    @Test func optionsThatMakeNoSenseAreNamed() throws {
        let files = try PatternFolder(counts: [2, 2], size: 2)
        let mistakes: [(String, (inout TrainingOptions) -> Void)] = [
            ("epochs", { $0.epochs = 0 }), ("batch of 1", { $0.batch = 1 }),
            ("learning rate of -1", { $0.learningRate = -1 }),
            ("learning rate of nan", { $0.learningRate = .nan }), ("norm of 0", { $0.clipNorm = 0 }),
            ("warm-up", { $0.warmUpEpochs = 100 }), ("fraction of 1", { $0.heldOutFraction = 1 }),
            ("every 0 steps", { $0.checkpointInterval = 0 }),
        ]
        for (text, change) in mistakes {
            var options = quickOptions()
            change(&options)
            let error = #expect(throws: SemblanceError.self) { try trainer(files, options) }
            #expect(
                error?.code == .usage && error?.message.contains(text) == true,
                "\(text): \(String(describing: error))")
        }
    }
}

extension Optimiser {
    fileprivate var momentCountForTest: Int { if case .adamW = self { 2 } else { 1 } }
}
