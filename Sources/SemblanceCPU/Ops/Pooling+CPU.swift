import COneDNN
import SemblanceCore

/// A window in oneDNN's terms.
extension Window {
    var strides: [Int64] { [Int64(stride.height), Int64(stride.width)] }
    var dilations: [Int64] { [Int64(dilation.height - 1), Int64(dilation.width - 1)] }
    var paddingBefore: [Int64] { [Int64(padding.top), Int64(padding.left)] }

    /// oneDNN wants the padding after to fit the output exactly; a window that leaves a rest pads less, or negatively.
    func paddingAfter(_ x: Shape, _ y: Shape) -> [Int64] {
        let rows = (y.height - 1) * stride.height + reach.height - x.height - padding.top
        let columns = (y.width - 1) * stride.width + reach.width - x.width - padding.left
        return [Int64(rows), Int64(columns)]
    }

    /// Whether each window sees a pixel of the image.
    func touchesEverywhere(_ x: Shape, _ y: Shape) -> Bool {
        (0..<y.height).allSatisfy { rows($0, x.height).contains { _ in true } }
            && (0..<y.width).allSatisfy { columns($0, x.width).contains { _ in true } }
    }
}

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
        let x = lowering.shape(step.inputs[0]), y = lowering.shape(step.outputs[0])
        let place = try lowering.source(step.inputs[0])
        var description = dnnl_pooling_v2_desc_t()
        var (source, target) = (place.layout.raw, try MemoryDescriptor.any(y).raw)
        let size = [Int64(kernel.height), Int64(kernel.width)]
        try check("a max pooling of \(x)") {
            dnnl_pooling_v2_forward_desc_init(
                &description, dnnl_forward_inference, dnnl_pooling_max, &source, &target, strides, size,
                dilations, paddingBefore, paddingAfter(x, y))
        }
        try lowering.define(
            step.outputs[0], from: place, "maxPool",
            PrimitiveDescriptor("a max pooling of \(x)", description, on: lowering.engine))
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
        let what = "a resize of \(lowering.shape(step.inputs[0]))"
        let place = try lowering.source(step.inputs[0])
        var description = dnnl_resampling_desc_t()
        var source = place.layout.raw, target = try MemoryDescriptor.any(lowering.shape(step.outputs[0])).raw
        try check(what) {
            dnnl_resampling_forward_desc_init(
                &description, dnnl_forward_inference, dnnl_resampling_nearest,
                [Float(scale.height), Float(scale.width)], &source, &target)
        }
        try lowering.define(
            step.outputs[0], from: place, name,
            PrimitiveDescriptor(what, description, on: lowering.engine))
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
