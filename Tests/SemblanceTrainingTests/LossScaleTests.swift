import Foundation
import SemblanceCPU
import SemblanceCore
import SemblanceTraining
import Testing

/// The CPU, posing as a device that stores activations in half: a run then scales its loss.
private struct PosingBackend: Backend {
    let inner: CPUBackend
    var device: Device { inner.device }
    var precision: Precision { .half }

    func supports(_ op: Op, inputs: [Shape], outputs: [Shape]) -> Bool {
        inner.supports(op, inputs: inputs, outputs: outputs)
    }

    func prepare(_ program: Program, options: PlanOptions) throws(SemblanceError) -> any Plan {
        try inner.prepare(program, options: options)
    }
}

@Suite(.serialized) struct LossScaleTests {
    /// Takes in steps with finite gradients.
    private func pass(_ steps: Int, _ scale: inout LossScale) {
        for _ in 0..<steps { _ = scale.update(isFinite: true) }
    }

    @Test func halvesAtOnceAndDoublesWithPatience() {
        var scale = LossScale(exponent: 15)
        #expect(scale.factor == 32768)
        let goesOn = scale.update(isFinite: false)
        #expect(goesOn && scale.exponent == 14 && scale.skippedSteps == 1)
        pass(LossScale.patience - 1, &scale)
        #expect(scale.exponent == 14)
        pass(1, &scale)
        #expect(scale.exponent == 15 && scale.skippedSteps == 1)
        // One step that is not finite starts the count anew.
        pass(LossScale.patience - 1, &scale)
        _ = scale.update(isFinite: false)
        pass(1, &scale)
        #expect(scale.exponent == 14)
    }

    @Test func aScaleOfOneThatOverflowsIsTheEnd() {
        var scale = LossScale(exponent: 1)
        let goesOn = (scale.update(isFinite: false), scale.update(isFinite: false))
        #expect(goesOn == (true, false))
    }

    private func run(
        _ options: TrainingOptions, _ files: PatternFolder, from checkpoint: Checkpoint? = nil,
        cancelAfter: Int? = nil, inHalf: Bool = true
    ) throws -> (steps: [StepRecord], result: TrainingResult) {
        let cpu = try CPUBackend(threads: 1)
        let trainer = try Trainer(network: try tinyNetwork(), folder: try files.folder(), options: options)
        let cancellation = Cancellation()
        var steps: [StepRecord] = []
        let result = try trainer.run(
            on: inHalf ? PosingBackend(inner: cpu) : cpu, reason: "test", from: checkpoint,
            cancellation: cancellation
        ) { event in
            guard case .step(let record) = event else { return }
            steps.append(record)
            if record.step == cancelAfter { cancellation.cancel() }
        }
        return (steps, result)
    }

    private func weights(_ result: TrainingResult) -> [[Float]] {
        result.network.parameters.filter(\.role.isTrained).map(\.tensor.values)
    }

    /// A power of two cancels without a rounding error, where nothing overflows.
    @Test(arguments: [
        Optimiser.sgd(momentum: 0.9, weightDecay: 5e-4),
        .adamW(beta1: 0.9, beta2: 0.999, epsilon: 1e-8, weightDecay: 0.01),
    ])
    func scalingChangesNothingInFloat(optimiser: Optimiser) throws {
        let files = try PatternFolder(counts: [4, 4, 4, 4, 4, 4])
        var options = quickOptions(epochs: 1)
        options.optimiser = optimiser
        let scaled = try run(options, files), plain = try run(options, files, inHalf: false)
        #expect(scaled.steps.allSatisfy { $0.lossScale == 32768 && $0.isSkipped == false })
        #expect(plain.steps.allSatisfy { $0.lossScale == nil && $0.isSkipped == nil })
        #expect(scaled.steps.map(\.loss) == plain.steps.map(\.loss))
        #expect(scaled.steps.map(\.gradientNorm) == plain.steps.map(\.gradientNorm))
        #expect(weights(scaled.result) == weights(plain.result))
    }

    /// From a checkpoint whose scale is far too large: steps are skipped and change no weights, until the gradient is finite; and a run
    /// that is stopped in the middle of that goes on as if it had not been.
    @Test func overflowsAreSkippedAndResumed() throws {
        let files = try PatternFolder(counts: [5, 4, 6, 5, 5, 7, 5, 5])
        let path = files.root + "-checkpoint"
        defer { try? FileManager.default.removeItem(atPath: path) }
        var options = quickOptions(epochs: 12)
        options.checkpointPath = path
        let first = try run(options, files, cancelAfter: 1)
        var checkpoint = try Checkpoint(path: path)
        #expect(checkpoint.header.lossScale?.exponent == 15 && checkpoint.header.step == 1)
        // The square of 2^70 is no float.
        checkpoint.header.lossScale = LossScale(exponent: 70)
        let whole = try run(options, files, from: checkpoint)
        let skipped = whole.steps.prefix { $0.isSkipped == true }.count
        #expect(skipped > 2 && skipped < whole.steps.count)
        for (index, record) in whole.steps.enumerated() {
            #expect(record.isSkipped == (index < skipped))
            #expect(
                record.lossScale == Float(sign: .plus, exponent: 70 - min(index, skipped), significand: 1))
            #expect(record.gradientNorm.isFinite == (index >= skipped))
        }

        let stopped = try run(options, files, from: checkpoint, cancelAfter: 3)
        #expect(weights(stopped.result) == weights(first.result), "skipped steps changed weights")
        let middle = try Checkpoint(path: path)
        #expect(middle.header.lossScale?.exponent == 68 && middle.header.lossScale?.skippedSteps == 2)
        let rest = try run(options, files, from: middle)
        #expect(
            (stopped.steps + rest.steps).map(\.loss) == whole.steps.map(\.loss)
                && weights(rest.result) == weights(whole.result))
    }
}
