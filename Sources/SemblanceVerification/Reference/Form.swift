import SemblanceCore

extension Reference {
    static func transpose(_ x: DoubleTensor, _ permutation: [Int], shape: Shape) -> DoubleTensor {
        var y = DoubleTensor(shape: shape)
        for index in y.values.indices {
            var source = [Int](repeating: 0, count: permutation.count)
            for (axis, position) in shape.coordinates(of: index).enumerated() {
                source[permutation[axis]] = position
            }
            y[index] = x[x.shape.index(broadcasting: source)]
        }
        return y
    }

    static func concat(_ inputs: [DoubleTensor], axis: Int, shape: Shape) -> DoubleTensor {
        var y = DoubleTensor(shape: shape)
        var start = 0
        for x in inputs {
            for index in x.values.indices {
                var position = x.shape.coordinates(of: index)
                position[axis] += start
                y[shape.index(broadcasting: position)] = x[index]
            }
            start += x.shape[axis]
        }
        return y
    }

    static func slice(_ x: DoubleTensor, axis: Int, start: Int, shape: Shape) -> DoubleTensor {
        var y = DoubleTensor(shape: shape)
        for index in y.values.indices {
            var position = shape.coordinates(of: index)
            position[axis] += start
            y[index] = x[x.shape.index(broadcasting: position)]
        }
        return y
    }

    /// The small image's pixel for each pixel of the enlarged one.
    private static func sources(_ scale: Extent, small: Shape, large: Shape) -> [Int] {
        (0..<large.count).map { index in
            let position = large.coordinates(of: index)
            return small.index(broadcasting: [
                position[0], position[1], position[2] / scale.height, position[3] / scale.width,
            ])
        }
    }

    static func resizeNearest(_ scale: Extent, _ x: DoubleTensor, shape: Shape) -> DoubleTensor {
        DoubleTensor(shape: shape, values: sources(scale, small: x.shape, large: shape).map { x[$0] })
    }

    static func resizeNearestGradient(_ scale: Extent, dy: DoubleTensor, shape: Shape) -> DoubleTensor {
        var dx = DoubleTensor(shape: shape)
        for (index, source) in sources(scale, small: shape, large: dy.shape).enumerated() {
            dx[source] += dy[index]
        }
        return dx
    }

    static func pad(_ pad: Pad, _ x: DoubleTensor, shape: Shape) -> DoubleTensor {
        var y = DoubleTensor(shape: shape)
        for index in y.values.indices {
            var position = shape.coordinates(of: index)
            var isInside = true
            for axis in position.indices {
                position[axis] -= pad.before[axis]
                let last = x.shape[axis] - 1
                isInside = isInside && position[axis] >= 0 && position[axis] <= last
                if case .reflect = pad.mode {
                    position[axis] = last - abs(last - abs(position[axis]))
                } else {
                    position[axis] = min(max(position[axis], 0), last)
                }
            }
            y[index] = x.values.isEmpty ? 0 : x[x.shape.index(broadcasting: position)]
            if case .constant(let value) = pad.mode, !isInside { y[index] = Double(value) }
        }
        return y
    }

    /// For each output pixel of an axis: the input pixels that it mixes, with their weights.
    private static func mixtures(_ resize: ResizeLinear, input: Int, output: Int) -> [[(
        pixel: Int, weight: Double
    )]] {
        let (input, output) = (Double(input), Double(output))
        return (0..<Int(output)).map { index in
            let place =
                switch resize.coordinates {
                case .halfPixel: (Double(index) + 0.5) * input / output - 0.5
                case .alignCorners: output == 1 ? 0 : Double(index) * (input - 1) / (output - 1)
                case .asymmetric: Double(index) * input / output
                }
            let clamped = min(max(place, 0), input - 1)
            return (0..<Int(input)).map { ($0, max(0, 1 - abs(clamped - Double($0)))) }.filter { $0.1 > 0 }
        }
    }

    /// Calls `body` with the flat indices of (y, x) and the weight for everything that the output mixes.
    private static func forEachTerm(
        _ resize: ResizeLinear, x: Shape, y: Shape, _ body: (Int, Int, Double) -> Void
    ) {
        let rows = mixtures(resize, input: x[2], output: y[2]),
            columns = mixtures(resize, input: x[3], output: y[3])
        for plane in 0..<y[0] * y[1] {
            for (i, row) in rows.enumerated() {
                for (j, column) in columns.enumerated() {
                    for (up, a) in row {
                        for (left, b) in column {
                            body((plane * y[2] + i) * y[3] + j, (plane * x[2] + up) * x[3] + left, a * b)
                        }
                    }
                }
            }
        }
    }

    static func resizeLinear(_ resize: ResizeLinear, _ x: DoubleTensor, shape: Shape) -> DoubleTensor {
        var y = DoubleTensor(shape: shape)
        forEachTerm(resize, x: x.shape, y: shape) { y[$0] += $2 * x[$1] }
        return y
    }

    static func resizeLinearGradient(_ resize: ResizeLinear, dy: DoubleTensor, shape: Shape) -> DoubleTensor {
        var dx = DoubleTensor(shape: shape)
        forEachTerm(resize, x: shape, y: dy.shape) { dx[$1] += $2 * dy[$0] }
        return dx
    }
}
