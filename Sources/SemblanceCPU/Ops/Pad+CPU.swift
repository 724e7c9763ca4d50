import SemblanceCore

extension Pad {
    /// The entry of an axis that each entry of the padded axis takes, or nil for the constant.
    private func sources(axis: Int, size: Int) -> [Int?] {
        (-before[axis]..<size + after[axis]).map { place in
            if (0..<size).contains(place) { return place }
            switch mode {
            case .constant: return nil
            case .reflect: return place < 0 ? -place : 2 * (size - 1) - place
            case .edge: return place < 0 ? 0 : size - 1
            }
        }
    }

    func lower(_ step: Step, _ lowering: Lowering) throws(SemblanceError) {
        let x = lowering.shape(step.inputs[0]), y = lowering.shape(step.outputs[0])
        let axes = (0..<x.rank).map { sources(axis: $0, size: x[$0]) }
        let strides = x.strides
        let fill: Float = if case .constant(let value) = mode { value } else { 0 }
        let width = y.dimensions.last ?? 1
        let columns = axes.last ?? [0]
        let source = try lowering.plain(step.inputs[0])
        try lowering.definePlain(step.outputs[0]) { target in
            lowering.host("pad", [source, target]) { memory, threads in
                parallel(y.count / max(width, 1), block: 64, threads: threads) { _, rows in
                    for row in rows {
                        // Where the row comes from, axis by axis.
                        var rest = row, start: Int? = 0
                        for axis in stride(from: axes.count - 2, through: 0, by: -1) {
                            let entry = axes[axis][rest % y[axis]]
                            rest /= y[axis]
                            start = if let start, let entry { start + entry * strides[axis] } else { nil }
                        }
                        let output = memory[1] + row * width
                        guard let start else {
                            output.update(repeating: fill, count: width)
                            continue
                        }
                        for (index, column) in columns.enumerated() {
                            output[index] = if let column { memory[0][start + column] } else { fill }
                        }
                    }
                }
            }
        }
    }
}
