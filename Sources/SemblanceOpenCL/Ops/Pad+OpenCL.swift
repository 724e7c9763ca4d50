import SemblanceCore

extension Pad {
    /// MODE in pad.cl.
    private var code: Int {
        switch mode {
        case .constant: 0
        case .reflect: 1
        case .edge: 2
        }
    }

    /// x -> y, axis after axis.
    func lower(_ x: DeviceTensor, _ y: DeviceTensor, into lowering: inout Lowering) {
        let axes = before.indices.filter { before[$0] + after[$0] > 0 }
        guard let last = axes.last else {
            return lowering.copyRows(x, y, width: x.count, xPitch: x.count, yPitch: x.count, rows: 1)
        }
        let value: Float = if case .constant(let value) = mode { value } else { 0 }
        var source = x
        for axis in axes {
            var shape = source.shape
            shape[axis] = y.shape[axis]
            let target = axis == last ? y : lowering.scratch(shape, y.element)
            let inner = shape.dimensions.dropFirst(axis + 1).reduce(1, *)
            lowering.launchItems(
                "pad", "pad", defines: ["MODE": code], [source.named("x"), target.named("y")],
                [
                    .ulong(x.shape[axis]), .ulong(shape[axis]), .ulong(inner), .ulong(before[axis]),
                    .float(value),
                ],
                count: target.count)
            source = target
        }
    }
}
