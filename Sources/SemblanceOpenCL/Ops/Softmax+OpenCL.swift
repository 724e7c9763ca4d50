import SemblanceCore

extension Lowering {
    /// x -> y, or y, dy -> dx.
    mutating func softmax(_ function: String, axis: Int, _ inputs: [DeviceTensor], _ output: DeviceTensor) {
        let shape = output.shape, length = shape[axis]
        guard shape.count > 0 else { return }
        let inner = shape.dimensions.dropFirst(axis + 1).reduce(1, *)
        let rows = shape.count / length
        let scalars: [KernelArgument] = [.ulong(length), .ulong(inner)]
        let group = reductionGroup(for: length)
        // Short rows, and so many that they fill the device, need no cooperation.
        guard length >= 64, rows < traits.computeUnits * group * 32 else {
            return launchItems(
                "softmax", function, defines: ["GROUP": 1], inputs + [output], scalars, count: rows)
        }
        launchGroups(
            "softmax", function, inputs + [output], scalars + [.ulong(rows)], rows: rows, group: group)
    }
}
