import SemblanceCore

extension Lowering {
    /// x -> y, summed over the axes that are 1 in y.
    mutating func reduceSum(_ x: DeviceTensor, _ y: DeviceTensor) throws(SemblanceError) {
        if x.shape == y.shape {
            return copyRows(x, y, width: x.count, xPitch: x.count, yPitch: x.count, rows: 1)
        }
        let axes = Array(zip(x.shape.dimensions, x.shape.strides))
        let kept = axes.indices.filter { y.shape[$0] == x.shape[$0] }.map { axes[$0] }
        let reduced = axes.indices.filter { y.shape[$0] != x.shape[$0] }.map { axes[$0] }
        try sum(
            x, into: y, kept: StridedAxes(sizes: kept.map(\.0), strides: kept.map(\.1)),
            reduced: StridedAxes(sizes: reduced.map(\.0), strides: reduced.map(\.1)), for: "reduceSum")
    }

    /// dy [N,C,...] -> dbias [C].
    mutating func biasGradient(_ dy: DeviceTensor, _ dbias: DeviceTensor) throws(SemblanceError) {
        let spatial = dy.shape.spatialCount, channels = dy.shape.channels
        try sum(
            dy, into: dbias, kept: StridedAxes(sizes: [channels], strides: [spatial]),
            reduced: StridedAxes(
                sizes: [dy.shape.batch, spatial], strides: [channels * spatial, 1]), for: "biasGradient")
    }

    /// x [K] -> [1].
    mutating func sumOfSquares(_ x: DeviceTensor, _ y: DeviceTensor) throws(SemblanceError) {
        let group = reductionGroup(for: x.count)
        let parts = partition(count: x.count, rows: 1, group: group)
        let partial = parts.splits == 1 ? y : scratch([parts.splits, 1])
        launchGroups(
            "sumOfSquares", "sumOfSquares", [x, partial], [.ulong(x.count), .ulong(parts.chunk)],
            rows: parts.splits, group: group)
        if parts.splits > 1 { try sumSplits(partial, into: y, for: "sumOfSquares") }
    }
}
