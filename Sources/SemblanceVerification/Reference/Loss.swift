import Foundation
import SemblanceCore

extension Reference {
    /// The label's logit after the margin, before the scale, and its derivative by the cosine.
    private static func margin(_ margin: MarginSoftmax.Margin, cosine: Double) -> (
        value: Double, slope: Double
    ) {
        switch margin {
        case .none: return (cosine, 1)
        case .cosFace(let m): return (cosine - Double(m), 1)
        case .arcFace(let m):
            let m = Double(m)
            let cosine = min(max(cosine, -1), 1)
            let theta = acos(cosine)
            guard theta <= Double.pi - m else { return (cosine - m * sin(Double.pi - m), 1) }
            return (cos(theta + m), sin(theta + m) / max(sin(theta), 1e-7.squareRoot()))
        }
    }

    /// The scaled logits of row `n`, margin included.
    private static func row(_ n: Int, _ loss: MarginSoftmax, _ logits: DoubleTensor, label: Int) -> [Double] {
        let classes = logits.shape[1]
        return (0..<classes).map { j in
            let cosine = logits[n * classes + j]
            return Double(loss.scale) * (j == label ? margin(loss.margin, cosine: cosine).value : cosine)
        }
    }

    /// log(sum(exp(z))), without overflow.
    private static func logSumExp(_ z: [Double]) -> Double {
        let largest = z.reduce(-.infinity, max)
        return largest + log(z.reduce(0) { $0 + exp($1 - largest) })
    }

    /// cosines, labels -> loss, correct.
    static func marginSoftmax(
        _ loss: MarginSoftmax, _ inputs: [DoubleTensor], into outputs: inout [DoubleTensor]
    ) {
        let logits = inputs[0], classes = logits.shape[1]
        for n in 0..<logits.shape[0] {
            let label = Int(inputs[1][n])
            let z = row(n, loss, logits, label: label)
            outputs[0][n] = logSumExp(z) - z[label]
            let raw = logits.values[n * classes..<(n + 1) * classes]
            outputs[1][n] = raw.allSatisfy { $0 <= logits[n * classes + label] } ? 1 : 0
        }
    }

    static func marginSoftmaxGradient(_ loss: MarginSoftmax, _ inputs: [DoubleTensor]) -> DoubleTensor {
        let logits = inputs[0], classes = logits.shape[1], batch = Double(logits.shape[0])
        let lossScale = inputs.count > 2 ? inputs[2][0] : 1
        var gradient = DoubleTensor(shape: logits.shape)
        for n in 0..<logits.shape[0] {
            let label = Int(inputs[1][n])
            let z = row(n, loss, logits, label: label)
            let total = logSumExp(z)
            for j in 0..<classes {
                let probability = exp(z[j] - total)
                let slope = j == label ? margin(loss.margin, cosine: logits[n * classes + j]).slope : 1
                let target: Double = j == label ? 1 : 0
                gradient[n * classes + j] =
                    (probability - target) * Double(loss.scale) * slope / batch * lossScale
            }
        }
        return gradient
    }
}
