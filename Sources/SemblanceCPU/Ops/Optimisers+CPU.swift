import Foundation
import SemblanceCore

/// Elements that one block of a parallel loop takes: fits the first-level cache with four streams.
private let blockSize = 1 << 12

extension Op {
    func lowerSumOfSquares(_ step: Step, _ lowering: Lowering) throws(SemblanceError) {
        let count = lowering.shape(step.inputs[0]).count
        let source = try lowering.plain(step.inputs[0])
        try lowering.definePlain(step.outputs[0]) { target in
            lowering.host(name, [source, target]) { memory, threads in
                var partial = [Double](repeating: 0, count: (count + blockSize - 1) / blockSize)
                partial.withUnsafeMutableBufferPointer { partial in
                    let partial = partial
                    parallel(count, block: blockSize, threads: threads) { block, range in
                        // Eight sums at once: a vector's width, and less rounding than one.
                        var sums = SIMD8<Float>()
                        var index = range.lowerBound
                        while index + 8 <= range.upperBound {
                            let x = UnsafeRawPointer(memory[0] + index).loadUnaligned(as: SIMD8<Float>.self)
                            sums += x * x
                            index += 8
                        }
                        var sum = Double(sums.sum())
                        while index < range.upperBound {
                            sum += Double(memory[0][index]) * Double(memory[0][index])
                            index += 1
                        }
                        partial[block] = sum
                    }
                }
                memory[1][0] = Float(partial.reduce(0, +))
            }
        }
    }
}

/// What the gradient of the scaled loss is multiplied by to be that of the loss, with a norm of at most the limit; nil where the norm is not finite and nothing may be
/// updated.
private func clipping(_ squaredNorm: Float, _ hyper: UnsafePointer<Float>) -> Float? {
    guard squaredNorm.isFinite else { return nil }
    let unscaling = Float(
        sign: .plus, exponent: -Int(hyper[Hyperparameter.lossScaleExponent.rawValue]), significand: 1)
    let norm = squaredNorm.squareRoot() * unscaling, limit = hyper[Hyperparameter.clipNorm.rawValue]
    return (norm > limit ? limit / norm : 1) * unscaling
}

extension SGD {
    func lower(_ step: Step, _ lowering: Lowering) throws(SemblanceError) {
        let count = lowering.shape(step.inputs[0]).count
        let (momentum, decay) = (momentum, weightDecay)
        let places =
            try step.inputs.map { (value) throws(SemblanceError) in try lowering.plain(value) }
            + step.outputs.map { (value) throws(SemblanceError) in try lowering.updated(value) }
        lowering.host("sgd", places) { memory, threads in
            guard let clip = clipping(memory[2][0], memory[1]) else { return }
            let rate = memory[1][Hyperparameter.learningRate.rawValue]
            let (gradient, parameter, velocity) = (memory[0], memory[3], memory[4])
            parallel(count, block: blockSize, threads: threads) { _, range in
                for index in range {
                    let g = gradient[index] * clip + decay * parameter[index]
                    let v = momentum * velocity[index] + g
                    velocity[index] = v
                    parameter[index] -= rate * v
                }
            }
        }
    }
}

extension AdamW {
    func lower(_ step: Step, _ lowering: Lowering) throws(SemblanceError) {
        let count = lowering.shape(step.inputs[0]).count
        let (beta1, beta2, epsilon, decay) = (beta1, beta2, epsilon, weightDecay)
        let places =
            try step.inputs.map { (value) throws(SemblanceError) in try lowering.plain(value) }
            + step.outputs.map { (value) throws(SemblanceError) in try lowering.updated(value) }
        lowering.host("adamW", places) { memory, threads in
            guard let clip = clipping(memory[2][0], memory[1]) else { return }
            let rate = memory[1][Hyperparameter.learningRate.rawValue]
            let correction1 = memory[1][Hyperparameter.firstMomentCorrection.rawValue]
            let correction2 = memory[1][Hyperparameter.secondMomentCorrection.rawValue]
            let (gradient, parameter, first, second) = (memory[0], memory[3], memory[4], memory[5])
            parallel(count, block: blockSize, threads: threads) { _, range in
                for index in range {
                    let g = gradient[index] * clip
                    let m = beta1 * first[index] + (1 - beta1) * g
                    let v = beta2 * second[index] + (1 - beta2) * g * g
                    first[index] = m
                    second[index] = v
                    let step = m * correction1 / ((v * correction2).squareRoot() + epsilon)
                    parameter[index] = parameter[index] * (1 - rate * decay) - rate * step
                }
            }
        }
    }
}
