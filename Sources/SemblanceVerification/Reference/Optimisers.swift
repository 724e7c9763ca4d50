import Foundation
import SemblanceCore

extension Reference {
    private static func hyper(_ hyper: DoubleTensor, _ parameter: Hyperparameter) -> Double {
        hyper[parameter.rawValue]
    }

    /// What the gradient of the scaled loss is multiplied by to be that of the loss, with a norm that does not exceed the limit; nil where it is not finite: then nothing
    /// may be updated.
    private static func clip(_ inputs: [DoubleTensor]) -> Double? {
        let lossScale = pow(2, hyper(inputs[1], .lossScaleExponent))
        let norm = inputs[2][0].squareRoot() / lossScale, limit = hyper(inputs[1], .clipNorm)
        guard norm.isFinite else { return nil }
        return (norm > limit ? limit / norm : 1) / lossScale
    }

    /// gradient, hyper, squared norm -> parameter, velocity.
    static func sgd(_ sgd: SGD, _ inputs: [DoubleTensor], into outputs: inout [DoubleTensor]) {
        guard let clip = clip(inputs) else { return }
        let rate = hyper(inputs[1], .learningRate)
        for index in outputs[0].values.indices {
            let gradient = inputs[0][index] * clip + Double(sgd.weightDecay) * outputs[0][index]
            outputs[1][index] = Double(sgd.momentum) * outputs[1][index] + gradient
            outputs[0][index] -= rate * outputs[1][index]
        }
    }

    /// gradient, hyper, squared norm -> parameter, first moment, second moment.
    static func adamW(_ adamW: AdamW, _ inputs: [DoubleTensor], into outputs: inout [DoubleTensor]) {
        guard let clip = clip(inputs) else { return }
        let rate = hyper(inputs[1], .learningRate)
        let beta1 = Double(adamW.beta1), beta2 = Double(adamW.beta2)
        for index in outputs[0].values.indices {
            let gradient = inputs[0][index] * clip
            outputs[0][index] -= rate * Double(adamW.weightDecay) * outputs[0][index]
            outputs[1][index] = beta1 * outputs[1][index] + (1 - beta1) * gradient
            outputs[2][index] = beta2 * outputs[2][index] + (1 - beta2) * gradient * gradient
            let first = outputs[1][index] * hyper(inputs[1], .firstMomentCorrection)
            let second = outputs[2][index] * hyper(inputs[1], .secondMomentCorrection)
            outputs[0][index] -= rate * first / (second.squareRoot() + Double(adamW.epsilon))
        }
    }
}
