import Foundation
import SemblanceCore

extension Reference {
    static func activation(_ activation: Activation, _ x: DoubleTensor, slope: DoubleTensor?) -> DoubleTensor
    {
        var y = x
        for index in x.values.indices {
            let value = x[index]
            switch activation {
            case .relu: y[index] = value > 0 ? value : 0
            case .leakyRelu(let slope): y[index] = value > 0 ? value : Double(slope) * value
            case .prelu:
                y[index] = value > 0 ? value : (slope?[channel(of: index, in: x.shape)] ?? .nan) * value
            case .sigmoid: y[index] = 1 / (1 + exp(-value))
            case .tanh: y[index] = tanh(value)
            case .hardSigmoid(let alpha, let beta):
                y[index] = clip(Double(alpha) * value + Double(beta), 0, 1)
            case .hardSwish: y[index] = value * clip(value / 6 + 0.5, 0, 1)
            case .clip(let low, let high): y[index] = clip(value, Double(low), Double(high))
            case .squareRoot: y[index] = value.squareRoot()
            case .power(let exponent): y[index] = pow(value, Double(exponent))
            }
        }
        return y
    }

    private static func clip(_ value: Double, _ low: Double, _ high: Double) -> Double {
        value < low ? low : value > high ? high : value
    }

    /// x, dy, [slope] -> dx, [dslope].
    static func activationGradient(
        _ activation: Activation, _ inputs: [DoubleTensor], into outputs: inout [DoubleTensor]
    ) {
        let x = inputs[0], dy = inputs[1]
        if activation == .prelu { outputs[1] = DoubleTensor(shape: outputs[1].shape) }
        for index in x.values.indices {
            let positive = x[index] > 0
            switch activation {
            case .relu: outputs[0][index] = positive ? dy[index] : 0
            case .leakyRelu(let slope): outputs[0][index] = positive ? dy[index] : Double(slope) * dy[index]
            case .prelu:
                let c = channel(of: index, in: x.shape)
                outputs[0][index] = positive ? dy[index] : inputs[2][c] * dy[index]
                if !positive { outputs[1][c] += x[index] * dy[index] }
            case .sigmoid:
                let y = 1 / (1 + exp(-x[index]))
                outputs[0][index] = dy[index] * y * (1 - y)
            case .tanh: outputs[0][index] = dy[index] / (cosh(x[index]) * cosh(x[index]))
            case .hardSigmoid(let alpha, let beta):
                let line = Double(alpha) * x[index] + Double(beta)
                outputs[0][index] = line > 0 && line < 1 ? Double(alpha) * dy[index] : 0
            case .hardSwish:
                let slope = x[index] <= -3 ? 0 : x[index] >= 3 ? 1 : x[index] / 3 + 0.5
                outputs[0][index] = dy[index] * slope
            case .clip(let low, let high):
                outputs[0][index] = x[index] > Double(low) && x[index] < Double(high) ? dy[index] : 0
            case .squareRoot: outputs[0][index] = dy[index] * 0.5 / x[index].squareRoot()
            case .power(let exponent):
                let exponent = Double(exponent)
                outputs[0][index] = exponent == 0 ? 0 : dy[index] * exponent * pow(x[index], exponent - 1)
            }
        }
    }

    static func broadcast(
        _ a: DoubleTensor, _ b: DoubleTensor, _ combine: (Double, Double) -> Double
    ) -> DoubleTensor {
        var y = a
        for index in a.values.indices {
            y[index] = combine(a[index], b[b.shape.index(broadcasting: a.shape.coordinates(of: index))])
        }
        return y
    }

    static func reduceSum(_ x: DoubleTensor, shape: Shape) -> DoubleTensor {
        var y = DoubleTensor(shape: shape)
        for index in x.values.indices {
            y[shape.index(broadcasting: x.shape.coordinates(of: index))] += x[index]
        }
        return y
    }

    static func quantise(_ levels: Quantisation, _ x: DoubleTensor) -> DoubleTensor {
        var y = x
        for index in x.values.indices {
            let steps = (x[index] / Double(levels.scale)).rounded(.toNearestOrEven) + Double(levels.zero)
            y[index] = (min(max(steps, 0), 255) - Double(levels.zero)) * Double(levels.scale)
        }
        return y
    }

    static func dropout(_ dropout: Dropout, _ x: DoubleTensor, step: Double) -> DoubleTensor {
        var y = x
        let threshold = Double(dropout.rate) * 4_294_967_296
        for index in x.values.indices {
            let bits = Dropout.hash(seed: dropout.seed, step: UInt32(step), index: UInt32(index))
            y[index] = Double(bits) < threshold ? 0 : x[index] / (1 - Double(dropout.rate))
        }
        return y
    }
}
