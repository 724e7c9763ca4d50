import SemblanceCore

extension Lowering {
    /// x -> y, axis i of y being axis permutation[i] of x.
    mutating func transpose(
        _ permutation: [Int], _ x: DeviceTensor, _ y: DeviceTensor
    ) throws(SemblanceError) {
        let tensors = [x.named("x"), y.named("y")]
        let strides = x.shape.strides
        let axes = StridedAxes(sizes: y.shape.dimensions, strides: permutation.map { strides[$0] })
        if let (batch, rows, columns) = Self.matrices(axes) {
            let group = reductionGroup(for: Int.max)
            let tile = min(32, group)
            let tiles = ((rows + tile - 1) / tile) * ((columns + tile - 1) / tile)
            return launchGroups(
                "transpose", "transposeTiles", defines: ["TILE": tile], tensors,
                [.ulong(rows), .ulong(columns)], rows: batch * tiles, group: group)
        }
        launchItems(
            "transpose", "transpose", defines: StridedAxes.defines(axes), tensors,
            try axes.arguments(for: "transpose"), count: y.count)
    }

    /// The sizes of x [batch, rows, columns] where y is [batch, columns, rows].
    private static func matrices(_ axes: StridedAxes) -> (batch: Int, rows: Int, columns: Int)? {
        guard let rows = axes.sizes.last, axes.sizes.count == 2 || axes.sizes.count == 3 else { return nil }
        let columns = axes.sizes[axes.sizes.count - 2]
        let batch = axes.sizes.count == 3 ? axes.sizes[0] : 1
        let expected = axes.sizes.count == 3 ? [rows * columns, 1, columns] : [1, columns]
        return axes.strides == expected ? (batch, rows, columns) : nil
    }
}
