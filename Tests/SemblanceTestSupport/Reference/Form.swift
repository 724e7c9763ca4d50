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
}
