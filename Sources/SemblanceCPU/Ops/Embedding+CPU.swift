import Foundation
import SemblanceCore

extension Op {
    func lowerL2Normalise(_ step: Step, _ lowering: Lowering, epsilon: Float) throws(SemblanceError) {
        let shape = lowering.shape(step.inputs[0])
        let width = shape[1]
        let source = try lowering.plain(step.inputs[0])
        try lowering.definePlain(step.outputs[0]) { target in
            lowering.host(name, [source, target]) { memory, threads in
                parallel(shape[0], block: 16, threads: threads) { _, rows in
                    for row in rows {
                        let x = memory[0] + row * width, y = memory[1] + row * width
                        let factor = Float(1 / max(dot(x, x, width).squareRoot(), Double(epsilon)))
                        for column in 0..<width { y[column] = x[column] * factor }
                    }
                }
            }
        }
    }

    /// dx = (dy - y (y . dy)) / |x|; a row shorter than epsilon is a plain division.
    func lowerL2NormaliseGradient(_ step: Step, _ lowering: Lowering, epsilon: Float) throws(SemblanceError) {
        let shape = lowering.shape(step.inputs[0])
        let width = shape[1]
        let inputs = [try lowering.plain(step.inputs[0]), try lowering.plain(step.inputs[1])]
        try lowering.definePlain(step.outputs[0]) { target in
            lowering.host(name, inputs + [target]) { memory, threads in
                parallel(shape[0], block: 16, threads: threads) { _, rows in
                    for row in rows {
                        let x = memory[0] + row * width, dy = memory[1] + row * width
                        let dx = memory[2] + row * width
                        let norm = dot(x, x, width).squareRoot()
                        let inverse = 1 / max(norm, Double(epsilon))
                        let along = norm > Double(epsilon) ? dot(x, dy, width) * inverse * inverse : 0
                        let (scale, part) = (Float(inverse), Float(along))
                        for column in 0..<width { dx[column] = (dy[column] - x[column] * part) * scale }
                    }
                }
            }
        }
    }
}

/// In double precision: rows are short and the sum decides a whole embedding.
private func dot(_ a: UnsafePointer<Float>, _ b: UnsafePointer<Float>, _ count: Int) -> Double {
    var sum = 0.0
    for index in 0..<count { sum += Double(a[index]) * Double(b[index]) }
    return sum
}

extension MarginSoftmax {
    /// The label's logit with its margin, and the derivative of that with respect to the cosine; not yet scaled.
    private func margined(_ logit: Double) -> (value: Double, slope: Double) {
        switch margin {
        case .none: return (logit, 1)
        case .cosFace(let m): return (logit - Double(m), 1)
        case .arcFace(let m):
            let m = Double(m)
            let cosine = min(max(logit, -1), 1)
            // Past pi - m the angle's cosine would rise again.
            guard cosine > cos(Double.pi - m) else { return (logit - sin(Double.pi - m) * m, 1) }
            let sine = max(1 - cosine * cosine, 1e-7).squareRoot()
            return (cosine * cos(m) - sine * sin(m), cos(m) + cosine / sine * sin(m))
        }
    }

    func lower(_ step: Step, _ lowering: Lowering) throws(SemblanceError) {
        let shape = lowering.shape(step.inputs[0])
        let inputs = [try lowering.plain(step.inputs[0]), try lowering.plain(step.inputs[1])]
        try lowering.definePlain(step.outputs[0]) { (losses) throws(SemblanceError) in
            try lowering.definePlain(step.outputs[1]) { correct in
                lowering.host("marginSoftmax", inputs + [losses, correct]) { memory, _ in
                    for row in 0..<shape[0] {
                        let logits = memory[0] + row * shape[1]
                        let label = min(max(Int(memory[1][row]), 0), shape[1] - 1)
                        let soft = softmax(logits, shape[1], label)
                        memory[2][row] = Float(soft.logSum - soft.target)
                        memory[3][row] = (0..<shape[1]).allSatisfy { logits[$0] <= logits[label] } ? 1 : 0
                    }
                }
            }
        }
    }

    func lowerGradient(_ step: Step, _ lowering: Lowering) throws(SemblanceError) {
        let shape = lowering.shape(step.inputs[0])
        let inputs = try step.inputs.map { (value) throws(SemblanceError) in try lowering.plain(value) }
        try lowering.definePlain(step.outputs[0]) { target in
            lowering.host("marginSoftmaxGradient", [target] + inputs) { memory, _ in
                let lossScale = inputs.count > 2 ? Double(memory[3][0]) : 1
                let scale = Double(scale) / Double(shape[0]) * lossScale
                for row in 0..<shape[0] {
                    let logits = memory[1] + row * shape[1], gradient = memory[0] + row * shape[1]
                    let label = min(max(Int(memory[2][row]), 0), shape[1] - 1)
                    let soft = softmax(logits, shape[1], label)
                    for column in 0..<shape[1] where column != label {
                        gradient[column] = Float(
                            exp(Double(self.scale) * Double(logits[column]) - soft.logSum) * scale)
                    }
                    gradient[label] = Float((exp(soft.target - soft.logSum) - 1) * scale * soft.slope)
                }
            }
        }
    }

    /// log sum exp of the scaled logits with the margin on the label's, that logit, and its slope.
    private func softmax(_ logits: UnsafePointer<Float>, _ count: Int, _ label: Int)
        -> (logSum: Double, target: Double, slope: Double)
    {
        let scale = Double(scale)
        let (margined, slope) = margined(Double(logits[label]))
        let target = scale * margined
        var largest = target
        for column in 0..<count where column != label {
            largest = max(largest, scale * Double(logits[column]))
        }
        var sum = exp(target - largest)
        for column in 0..<count where column != label { sum += exp(scale * Double(logits[column]) - largest) }
        return (largest + log(sum), target, slope)
    }
}
