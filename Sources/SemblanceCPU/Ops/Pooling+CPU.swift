import COneDNN
import SemblanceCore

extension Window {
    /// The rows (or columns) that output position `index` of one axis reads.
    static func taps(_ index: Int, stride: Int, padding: Int, dilation: Int, kernel: Int, size: Int)
        -> StrideThrough<Int>
    {
        let start = index * stride - padding
        let skipped = start < 0 ? (-start + dilation - 1) / dilation : 0
        let last = min(start + (kernel - 1) * dilation, size - 1)
        return Swift.stride(from: start + skipped * dilation, through: last, by: dilation)
    }

    func rows(_ y: Int, _ height: Int) -> StrideThrough<Int> {
        Self.taps(
            y, stride: stride.height, padding: padding.top, dilation: dilation.height, kernel: kernel.height,
            size: height)
    }

    func columns(_ x: Int, _ width: Int) -> StrideThrough<Int> {
        Self.taps(
            x, stride: stride.width, padding: padding.left, dilation: dilation.width, kernel: kernel.width,
            size: width)
    }

    func lowerMaxPool(_ step: Step, _ lowering: Lowering) throws(SemblanceError) {
        try lowerPlanes("maxPool", step, lowering) { x, y, shape, size in
            for row in 0..<size.height {
                for column in 0..<size.width {
                    var best = -Float.infinity
                    for i in rows(row, shape.height) {
                        for j in columns(column, shape.width) {
                            let value = x[i * shape.width + j]
                            // NaN wins, so that it does not vanish.
                            if !(value <= best) { best = value }
                        }
                    }
                    y[row * size.width + column] = best
                }
            }
        }
    }

    func lowerMaxPoolGradient(_ step: Step, _ lowering: Lowering) throws(SemblanceError) {
        let shape = lowering.shape(step.inputs[0]), size = lowering.shape(step.inputs[1])
        let inputs = [try lowering.plain(step.inputs[0]), try lowering.plain(step.inputs[1])]
        try lowering.definePlain(step.outputs[0]) { target in
            lowering.host("maxPoolGradient", inputs + [target]) { memory, threads in
                parallel(shape.batch * shape.channels, block: 1, threads: threads) { plane, _ in
                    let x = memory[0] + plane * shape.spatialCount, dy = memory[1] + plane * size.spatialCount
                    let dx = memory[2] + plane * shape.spatialCount
                    dx.update(repeating: 0, count: shape.spatialCount)
                    for row in 0..<size.height {
                        for column in 0..<size.width {
                            var best: (value: Float, place: Int)?
                            for i in rows(row, shape.height) {
                                for j in columns(column, shape.width) {
                                    let place = i * shape.width + j
                                    if let found = best, x[place] <= found.value { continue }
                                    best = (x[place], place)
                                }
                            }
                            if let best { dx[best.place] += dy[row * size.width + column] }
                        }
                    }
                }
            }
        }
    }
}

extension AveragePool {
    private func divisor(_ rows: StrideThrough<Int>, _ columns: StrideThrough<Int>) -> Float {
        let count =
            countsPadding ? window.kernel.count : rows.underestimatedCount * columns.underestimatedCount
        return 1 / Float(max(count, 1))
    }

    func lower(_ step: Step, _ lowering: Lowering) throws(SemblanceError) {
        try lowerPlanes("averagePool", step, lowering) { x, y, shape, size in
            for row in 0..<size.height {
                let rows = window.rows(row, shape.height)
                for column in 0..<size.width {
                    let columns = window.columns(column, shape.width)
                    var sum: Float = 0
                    for i in rows { for j in columns { sum += x[i * shape.width + j] } }
                    y[row * size.width + column] = sum * divisor(rows, columns)
                }
            }
        }
    }

    func lowerGradient(_ step: Step, _ lowering: Lowering) throws(SemblanceError) {
        try lowerPlanes("averagePoolGradient", step, lowering) { dy, dx, size, shape in
            dx.update(repeating: 0, count: shape.spatialCount)
            for row in 0..<size.height {
                let rows = window.rows(row, shape.height)
                for column in 0..<size.width {
                    let columns = window.columns(column, shape.width)
                    let part = dy[row * size.width + column] * divisor(rows, columns)
                    for i in rows { for j in columns { dx[i * shape.width + j] += part } }
                }
            }
        }
    }
}

/// One input, one output, each image plane by itself.
func lowerPlanes(
    _ name: String, _ step: Step, _ lowering: Lowering,
    body:
        @escaping (
            _ input: UnsafeMutablePointer<Float>, _ output: UnsafeMutablePointer<Float>, _ inputShape: Shape,
            _ outputShape: Shape
        ) -> Void
) throws(SemblanceError) {
    let input = lowering.shape(step.inputs[0]), output = lowering.shape(step.outputs[0])
    let source = try lowering.plain(step.inputs[0])
    try lowering.definePlain(step.outputs[0]) { target in
        lowering.host(name, [source, target]) { memory, threads in
            parallel(input.batch * input.channels, block: 1, threads: threads) { plane, _ in
                body(
                    memory[0] + plane * input.spatialCount, memory[1] + plane * output.spatialCount, input,
                    output)
            }
        }
    }
}

extension Op {
    func lowerGlobalAveragePool(_ step: Step, _ lowering: Lowering) throws(SemblanceError) {
        try lowerPlanes(name, step, lowering) { x, y, shape, _ in
            var sum = 0.0
            for pixel in 0..<shape.spatialCount { sum += Double(x[pixel]) }
            y[0] = Float(sum / Double(shape.spatialCount))
        }
    }

    func lowerGlobalAveragePoolGradient(_ step: Step, _ lowering: Lowering) throws(SemblanceError) {
        try lowerPlanes(name, step, lowering) { dy, dx, _, shape in
            dx.update(repeating: dy[0] / Float(shape.spatialCount), count: shape.spatialCount)
        }
    }

    func lowerResizeNearest(_ step: Step, _ lowering: Lowering, _ scale: Extent) throws(SemblanceError) {
        try lowerPlanes(name, step, lowering) { x, y, shape, size in
            for row in 0..<size.height {
                let line = x + row / scale.height * shape.width
                for column in 0..<size.width { y[row * size.width + column] = line[column / scale.width] }
            }
        }
    }

    func lowerResizeNearestGradient(_ step: Step, _ lowering: Lowering, _ scale: Extent)
        throws(SemblanceError)
    {
        try lowerPlanes(name, step, lowering) { dy, dx, size, shape in
            for row in 0..<shape.height {
                for column in 0..<shape.width {
                    var sum: Float = 0
                    for i in 0..<scale.height {
                        let line = dy + (row * scale.height + i) * size.width + column * scale.width
                        for j in 0..<scale.width { sum += line[j] }
                    }
                    dx[row * shape.width + column] = sum
                }
            }
        }
    }
}
