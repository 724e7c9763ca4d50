import SemblanceCore

extension Lowering {
    /// x [, dy] -> y or dx, a work-group a row.
    mutating func normaliseRows(
        _ function: String, _ inputs: [DeviceTensor], _ output: DeviceTensor, epsilon: Float
    ) {
        let width = output.shape.channels
        launchGroups(
            "l2Normalise", function, inputs + [output], [.int(width), .float(epsilon)],
            rows: output.shape.batch, group: reductionGroup(for: width))
    }
}
