import SemblanceCore

extension Reference {
    /// Calls `body` with the flat indices of (y, x) for every pixel of the image under every position of the window, in
    /// row-major order of both.
    private static func forEachPixel(_ window: Window, x: Shape, y: Shape, _ body: (Int, Int) -> Void) {
        for plane in 0..<y[0] * y[1] {
            for oy in 0..<y[2] {
                for ox in 0..<y[3] {
                    for ky in 0..<window.kernel.height {
                        for kx in 0..<window.kernel.width {
                            let iy =
                                oy * window.stride.height - window.padding.top + ky * window.dilation.height
                            let ix =
                                ox * window.stride.width - window.padding.left + kx * window.dilation.width
                            guard iy >= 0, iy < x[2], ix >= 0, ix < x[3] else { continue }
                            body((plane * y[2] + oy) * y[3] + ox, (plane * x[2] + iy) * x[3] + ix)
                        }
                    }
                }
            }
        }
    }

    static func maxPool(_ window: Window, _ x: DoubleTensor, shape: Shape) -> DoubleTensor {
        var y = DoubleTensor(shape: shape, repeating: -.infinity)
        forEachPixel(window, x: x.shape, y: shape) { y[$0] = max(y[$0], x[$1]) }
        return y
    }

    static func maxPoolGradient(_ window: Window, _ x: DoubleTensor, dy: DoubleTensor) -> DoubleTensor {
        var winners = [Int?](repeating: nil, count: dy.shape.count)
        forEachPixel(window, x: x.shape, y: dy.shape) { output, pixel in
            if let winner = winners[output], x[winner] >= x[pixel] { return }
            winners[output] = pixel
        }
        var dx = DoubleTensor(shape: x.shape)
        for (output, winner) in winners.enumerated() {
            if let winner { dx[winner] += dy[output] }
        }
        return dx
    }

    /// What the sum under each position of the window is divided by.
    private static func divisors(_ pool: AveragePool, x: Shape, y: Shape) -> [Double] {
        guard !pool.countsPadding else {
            return [Double](repeating: Double(pool.window.kernel.count), count: y.count)
        }
        var counts = [Double](repeating: 0, count: y.count)
        forEachPixel(pool.window, x: x, y: y) { output, _ in counts[output] += 1 }
        return counts
    }

    static func averagePool(_ pool: AveragePool, _ x: DoubleTensor, shape: Shape) -> DoubleTensor {
        let divisors = divisors(pool, x: x.shape, y: shape)
        var y = DoubleTensor(shape: shape)
        forEachPixel(pool.window, x: x.shape, y: shape) { y[$0] += x[$1] / divisors[$0] }
        return y
    }

    static func averagePoolGradient(_ pool: AveragePool, dy: DoubleTensor, shape: Shape) -> DoubleTensor {
        let divisors = divisors(pool, x: shape, y: dy.shape)
        var dx = DoubleTensor(shape: shape)
        forEachPixel(pool.window, x: shape, y: dy.shape) { dx[$1] += dy[$0] / divisors[$0] }
        return dx
    }

    static func globalAveragePool(_ x: DoubleTensor, shape: Shape) -> DoubleTensor {
        var y = DoubleTensor(shape: shape)
        let area = x.shape.spatialCount
        for index in x.values.indices { y[index / area] += x[index] / Double(area) }
        return y
    }

    static func globalAveragePoolGradient(dy: DoubleTensor, shape: Shape) -> DoubleTensor {
        let area = shape.spatialCount
        return DoubleTensor(shape: shape, values: (0..<shape.count).map { dy[$0 / area] / Double(area) })
    }
}
