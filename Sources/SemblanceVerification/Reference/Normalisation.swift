import SemblanceCore

extension Reference {
    /// The elements of each channel.
    private static func channels(of shape: Shape) -> [[Int]] {
        var result = [[Int]](repeating: [], count: shape[1])
        for index in 0..<shape.count { result[channel(of: index, in: shape)].append(index) }
        return result
    }

    /// x, gamma, beta, mean, variance.
    static func batchNorm(_ norm: BatchNorm, _ inputs: [DoubleTensor]) -> DoubleTensor {
        var y = inputs[0]
        for index in y.values.indices {
            let c = channel(of: index, in: y.shape)
            let deviation = (inputs[4][c] + Double(norm.epsilon)).squareRoot()
            y[index] = inputs[1][c] * (y[index] - inputs[3][c]) / deviation + inputs[2][c]
        }
        return y
    }

    /// x, gamma, beta -> y, mean, inverse deviation, running mean, running variance.
    static func batchNormTraining(
        _ norm: BatchNorm, _ inputs: [DoubleTensor], into outputs: inout [DoubleTensor]
    ) {
        let x = inputs[0], momentum = Double(norm.momentum)
        for (c, elements) in channels(of: x.shape).enumerated() {
            let count = Double(elements.count)
            let mean = elements.reduce(0) { $0 + x[$1] } / count
            let squares = elements.reduce(0) { $0 + (x[$1] - mean) * (x[$1] - mean) }
            let inverse = 1 / (squares / count + Double(norm.epsilon)).squareRoot()
            for index in elements {
                outputs[0][index] = inputs[1][c] * (x[index] - mean) * inverse + inputs[2][c]
            }
            outputs[1][c] = mean
            outputs[2][c] = inverse
            outputs[3][c] += momentum * (mean - outputs[3][c])
            // One element has no unbiased variance: 0.
            outputs[4][c] += momentum * (squares / max(count - 1, 1) - outputs[4][c])
        }
    }

    /// x, dy, gamma, mean, inverse deviation -> dx, dgamma, dbeta: the derivative of the definition above, with the mean and the
    /// variance as functions of x.
    static func batchNormTrainingGradient(_ inputs: [DoubleTensor], into outputs: inout [DoubleTensor]) {
        let x = inputs[0], dy = inputs[1]
        for (c, elements) in channels(of: x.shape).enumerated() {
            let count = Double(elements.count), gamma = inputs[2][c], mean = inputs[3][c]
            let inverse = inputs[4][c]
            let dbeta = elements.reduce(0) { $0 + dy[$1] }
            let dgamma = elements.reduce(0) { $0 + dy[$1] * (x[$1] - mean) * inverse }
            // dL/dvariance and dL/dmean of y = gamma (x - mean) (variance + epsilon)^-1/2 + beta.
            let dvariance =
                elements.reduce(0) { $0 + dy[$1] * gamma * (x[$1] - mean) } * -0.5 * inverse * inverse
                * inverse
            let dmean = -gamma * inverse * dbeta
            for index in elements {
                outputs[0][index] =
                    dy[index] * gamma * inverse + dvariance * 2 * (x[index] - mean) / count + dmean / count
            }
            outputs[1][c] = dgamma
            outputs[2][c] = dbeta
        }
    }

    /// x, dy, gamma, running mean, running variance -> dx, dgamma, dbeta, with the statistics constant.
    static func batchNormGradient(
        _ norm: BatchNorm, _ inputs: [DoubleTensor], into outputs: inout [DoubleTensor]
    ) {
        let x = inputs[0], dy = inputs[1]
        for (c, elements) in channels(of: x.shape).enumerated() {
            let inverse = 1 / (inputs[4][c] + Double(norm.epsilon)).squareRoot()
            for index in elements { outputs[0][index] = dy[index] * inputs[2][c] * inverse }
            outputs[1][c] = elements.reduce(0) { $0 + dy[$1] * (x[$1] - inputs[3][c]) * inverse }
            outputs[2][c] = elements.reduce(0) { $0 + dy[$1] }
        }
    }

    private static func norm(of row: ArraySlice<Double>) -> Double {
        row.reduce(0) { $0 + $1 * $1 }.squareRoot()
    }

    static func l2Normalise(_ x: DoubleTensor, epsilon: Double) -> DoubleTensor {
        var y = x
        let length = x.shape[1]
        for start in stride(from: 0, to: x.shape.count, by: length) {
            let divisor = max(norm(of: x.values[start..<start + length]), epsilon)
            for index in start..<start + length { y[index] = x[index] / divisor }
        }
        return y
    }

    static func l2NormaliseGradient(_ x: DoubleTensor, dy: DoubleTensor, epsilon: Double) -> DoubleTensor {
        var dx = dy
        let length = x.shape[1]
        for start in stride(from: 0, to: x.shape.count, by: length) {
            let row = start..<start + length
            let norm = norm(of: x.values[row])
            guard norm > epsilon else {
                // The divisor is constant there.
                for index in row { dx[index] = dy[index] / epsilon }
                continue
            }
            let along = row.reduce(0) { $0 + dy[$1] * x[$1] } / (norm * norm)
            for index in row { dx[index] = (dy[index] - x[index] * along) / norm }
        }
        return dx
    }
}
