import SemblanceCore

extension Lowering {
    /// Floats of a tile of scores.
    private static let tileCount = 1 << 21

    /// queries, faces, groups -> scores, places: products of all queries with a tile of faces, each merged into the lists.
    mutating func topScores(_ inputs: [DeviceTensor], _ outputs: [DeviceTensor], count: Int) {
        let queries = inputs[0], faces = inputs[1], groups = inputs[2]
        let (n, dimension) = (queries.shape[0], queries.shape[1])
        let total = faces.shape[0]
        let width = min(max(Self.tileCount / max(n, 1) / 64 * 64, 1024), max(total, 1))
        let tile = scratch([n, width])
        let group = reductionGroup(for: width)
        var first = 0
        // Once at least, for the lists to be filled in.
        repeat {
            let columns = min(width, total - first)
            let scores = tile.part([n, columns])
            product(
                MatrixProduct(
                    m: n, n: columns, k: dimension, a: .init(queries, leading: dimension),
                    b: .init(
                        faces.part(from: first * dimension, [columns, dimension]), leading: dimension,
                        transposed: true), c: .init(scores, leading: columns)))
            launchGroups(
                "topScores", "topScores", [scores, groups] + outputs,
                [.int(columns), .int(first), .int(count)],
                rows: n, group: group)
            first += columns
        } while first < total
    }
}
