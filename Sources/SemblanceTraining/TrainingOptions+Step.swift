import Foundation
import SemblanceCore

extension TrainingOptions {
    /// The learning rate of step `step`, counted from 0.
    func learningRate(step: Int, stepsPerEpoch: Int) -> Float {
        let warmUp = Int((warmUpEpochs * Double(stepsPerEpoch)).rounded())
        return learningRate
            * Float(schedule.factor(step: step, of: epochs * stepsPerEpoch, warmUp: warmUp))
    }

    /// What the optimiser is told of step `step`, counted from 0: see `Hyperparameter`. Skipped steps do not count for moments.
    func hyperparameters(step: Int, stepsPerEpoch: Int, lossScale: LossScale?) -> [Float] {
        var hyper = [Float](repeating: 0, count: Hyperparameter.count)
        hyper[Hyperparameter.learningRate.rawValue] = learningRate(step: step, stepsPerEpoch: stepsPerEpoch)
        hyper[Hyperparameter.clipNorm.rawValue] = clipNorm
        hyper[Hyperparameter.lossScaleExponent.rawValue] = Float(lossScale?.exponent ?? 0)
        if case .adamW(let beta1, let beta2, _, _) = optimiser {
            let updates = Double(step + 1 - (lossScale?.skippedSteps ?? 0))
            func correction(_ beta: Float) -> Float { Float(1 / (1 - pow(Double(beta), updates))) }
            hyper[Hyperparameter.firstMomentCorrection.rawValue] = correction(beta1)
            hyper[Hyperparameter.secondMomentCorrection.rawValue] = correction(beta2)
        }
        return hyper
    }
}
