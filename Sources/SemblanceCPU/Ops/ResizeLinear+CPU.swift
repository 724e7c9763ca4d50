import SemblanceCore

extension ResizeLinear {
    /// The two pixels of an axis that an output pixel lies between, and the second's weight.
    private struct Tap {
        var first: Int
        var second: Int
        var weight: Float
    }

    private func taps(input: Int, output: Int) -> [Tap] {
        let axis = axis(input: input, output: output)
        return (0..<output).map { index in
            let place = min(max(index * axis.step + axis.start, 0), (input - 1) * axis.unit)
            let first = place / axis.unit
            return Tap(
                first: first, second: min(first + 1, input - 1),
                weight: Float(place % axis.unit) / Float(axis.unit))
        }
    }

    func lower(_ step: Step, _ lowering: Lowering) throws(SemblanceError) {
        let x = lowering.shape(step.inputs[0])
        let rows = taps(input: x.height, output: size.height),
            columns = taps(input: x.width, output: size.width)
        try lowerPlanes("resizeLinear", step, lowering) { x, y, shape, size in
            for (index, row) in rows.enumerated() {
                let upper = x + row.first * shape.width, lower = x + row.second * shape.width
                let line = y + index * size.width
                for (index, column) in columns.enumerated() {
                    let above =
                        upper[column.first] + (upper[column.second] - upper[column.first]) * column.weight
                    let below =
                        lower[column.first] + (lower[column.second] - lower[column.first]) * column.weight
                    line[index] = above + (below - above) * row.weight
                }
            }
        }
    }

    func lowerGradient(_ step: Step, _ lowering: Lowering) throws(SemblanceError) {
        let x = lowering.shape(step.outputs[0])
        let rows = taps(input: x.height, output: size.height),
            columns = taps(input: x.width, output: size.width)
        try lowerPlanes("resizeLinearGradient", step, lowering) { dy, dx, size, shape in
            dx.update(repeating: 0, count: shape.spatialCount)
            for (index, row) in rows.enumerated() {
                let upper = dx + row.first * shape.width, lower = dx + row.second * shape.width
                let line = dy + index * size.width
                for (index, column) in columns.enumerated() {
                    let below = line[index] * row.weight, above = line[index] - below
                    upper[column.first] += above * (1 - column.weight)
                    upper[column.second] += above * column.weight
                    lower[column.first] += below * (1 - column.weight)
                    lower[column.second] += below * column.weight
                }
            }
        }
    }
}
