import SemblanceCore

extension Reference {
    /// Calls `body` with the flat indices of (y, x, weight) for every product that a convolution sums: y += x * weight.
    /// The three convolution operations are three readings of this list.
    @inline(__always)
    private static func forEachProduct(
        _ convolution: Convolution, x: Shape, weight: Shape, y: Shape, _ body: (Int, Int, Int) -> Void
    ) {
        let window = convolution.window
        let channels = weight[1], filters = weight[0] / convolution.groups
        for n in 0..<y[0] {
            for m in 0..<y[1] {
                let group = m / filters
                for c in 0..<channels {
                    for ky in 0..<weight[2] {
                        for kx in 0..<weight[3] {
                            let w = ((m * channels + c) * weight[2] + ky) * weight[3] + kx
                            for oy in 0..<y[2] {
                                let iy =
                                    oy * window.stride.height - window.padding.top
                                    + ky * window.dilation.height
                                guard iy >= 0, iy < x[2] else { continue }
                                let row = ((n * x[1] + group * channels + c) * x[2] + iy) * x[3]
                                let outputRow = ((n * y[1] + m) * y[2] + oy) * y[3]
                                for ox in 0..<y[3] {
                                    let ix =
                                        ox * window.stride.width - window.padding.left
                                        + kx * window.dilation.width
                                    if ix >= 0, ix < x[3] { body(outputRow + ox, row + ix, w) }
                                }
                            }
                        }
                    }
                }
            }
        }
    }

    static func convolution(_ convolution: Convolution, _ inputs: [DoubleTensor], shape: Shape)
        -> DoubleTensor
    {
        var y = DoubleTensor(shape: shape)
        let x = inputs[0], weight = inputs[1]
        accumulate(into: &y, x, weight) { y, x, w, shapes in
            forEachProduct(convolution, x: shapes.0, weight: shapes.1, y: shape) { y[$0] += x[$1] * w[$2] }
        }
        var rest = inputs.dropFirst(2)
        if convolution.hasBias, let bias = rest.popFirst() {
            for index in y.values.indices { y[index] += bias[channel(of: index, in: shape)] }
        }
        if convolution.hasResidual, let residual = rest.popFirst() {
            for index in y.values.indices { y[index] += residual[index] }
        }
        guard let activation = convolution.activation else { return y }
        return Reference.activation(activation, y, slope: rest.popFirst())
    }

    static func inputGradient(
        _ convolution: Convolution, dy: DoubleTensor, weight: DoubleTensor, shape: Shape
    ) -> DoubleTensor {
        var dx = DoubleTensor(shape: shape)
        accumulate(into: &dx, dy, weight) { dx, dy, w, shapes in
            forEachProduct(convolution, x: shape, weight: shapes.1, y: shapes.0) { dx[$1] += dy[$0] * w[$2] }
        }
        return dx
    }

    static func weightGradient(_ convolution: Convolution, x: DoubleTensor, dy: DoubleTensor, shape: Shape)
        -> DoubleTensor
    {
        var dw = DoubleTensor(shape: shape)
        accumulate(into: &dw, x, dy) { dw, x, dy, shapes in
            forEachProduct(convolution, x: shapes.0, weight: shape, y: shapes.1) { dw[$2] += x[$1] * dy[$0] }
        }
        return dw
    }

    /// Hands out the elements without bounds checks: the large cases would take minutes with them.
    @inline(__always)
    private static func accumulate(
        into sum: inout DoubleTensor, _ a: DoubleTensor, _ b: DoubleTensor,
        _ body: (
            UnsafeMutableBufferPointer<Double>, UnsafeBufferPointer<Double>, UnsafeBufferPointer<Double>,
            (Shape, Shape)
        ) -> Void
    ) {
        sum.values.withUnsafeMutableBufferPointer { sum in
            a.values.withUnsafeBufferPointer { first in
                b.values.withUnsafeBufferPointer { second in body(sum, first, second, (a.shape, b.shape)) }
            }
        }
    }

    /// The index on axis 1.
    static func channel(of index: Int, in shape: Shape) -> Int {
        index / shape.spatialCount % shape[1]
    }

    static func fullyConnected(_ inputs: [DoubleTensor], shape: Shape) -> DoubleTensor {
        let x = inputs[0], weight = inputs[1], length = x.shape[1]
        var y = DoubleTensor(shape: shape)
        for n in 0..<shape[0] {
            for m in 0..<shape[1] {
                var sum = inputs.count > 2 ? inputs[2][m] : 0
                for k in 0..<length { sum += x[n * length + k] * weight[m * length + k] }
                y[n * shape[1] + m] = sum
            }
        }
        return y
    }

    static func fullyConnectedInputGradient(dy: DoubleTensor, weight: DoubleTensor, shape: Shape)
        -> DoubleTensor
    {
        var dx = DoubleTensor(shape: shape)
        for n in 0..<shape[0] {
            for m in 0..<weight.shape[0] {
                for k in 0..<shape[1] {
                    dx[n * shape[1] + k] += dy[n * weight.shape[0] + m] * weight[m * shape[1] + k]
                }
            }
        }
        return dx
    }

    static func fullyConnectedWeightGradient(x: DoubleTensor, dy: DoubleTensor, shape: Shape) -> DoubleTensor
    {
        var dw = DoubleTensor(shape: shape)
        for n in 0..<x.shape[0] {
            for m in 0..<shape[0] {
                for k in 0..<shape[1] {
                    dw[m * shape[1] + k] += dy[n * shape[0] + m] * x[n * shape[1] + k]
                }
            }
        }
        return dw
    }

    static func biasGradient(_ dy: DoubleTensor, shape: Shape) -> DoubleTensor {
        var sum = DoubleTensor(shape: shape)
        for index in dy.values.indices { sum[channel(of: index, in: dy.shape)] += dy[index] }
        return sum
    }
}
