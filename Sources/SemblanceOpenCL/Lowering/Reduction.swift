import SemblanceCore

/// How long sums are cut up: `splits` work-groups take `chunk` elements each, none of them empty.
struct Partition {
    var splits: Int
    var chunk: Int
}

extension Lowering {
    /// The work-group size of kernels that reduce `count` elements together: a power of two.
    func reductionGroup(for count: Int) -> Int {
        var group = 1
        while group * 2 <= traits.flatGroup, group < max(count, 32) { group *= 2 }
        return group
    }

    /// Cuts each of `rows` sums of `count` elements so that the device is busy and no work-item adds up too many by itself.
    func partition(count: Int, rows: Int, group: Int) -> Partition {
        let wanted = (traits.computeUnits * (traits.isGPU ? 16 : 4) + rows - 1) / max(rows, 1)
        let most = max(count / (group * 4), 1)
        let least = (count + group * 256 - 1) / (group * 256)
        let splits = max(min(wanted, most), least, 1)
        let chunk = max((count + splits - 1) / splits, 1)
        return Partition(splits: max((count + chunk - 1) / chunk, 1), chunk: chunk)
    }

    /// y = scale * x summed over `reduced`, for each entry of `kept`: in a fixed order, so that runs repeat bit for bit.
    mutating func sum(
        _ x: DeviceTensor, into y: DeviceTensor, kept: StridedAxes, reduced: StridedAxes, scale: Float = 1,
        for operation: String
    ) throws(SemblanceError) {
        let x = x.named("x"), y = y.named("y")
        let places = try kept.arguments(for: operation) + reduced.arguments(for: operation)
        let defines = StridedAxes.defines(kept, reduced)
        let terms = reduced.count, outputs = kept.count
        let group = reductionGroup(for: terms)
        // Short sums, and so many that they fill the device, need no cooperation.
        guard terms >= 64, outputs < traits.computeUnits * group * 32 else {
            return launchItems(
                "reduceSum", "reduceSum", defines: defines, [x, y], places + [.ulong(terms), .float(scale)],
                count: outputs)
        }
        let parts = partition(count: terms, rows: outputs, group: group)
        let single = parts.splits == 1
        let target = single ? y : scratch([parts.splits, outputs])
        launchGroups(
            "reduceSum", "reduceSumGroups", defines: defines, [x, target],
            places + [.ulong(terms), .ulong(parts.chunk), .float(single ? scale : 1)],
            rows: outputs, splits: parts.splits, group: group)
        if !single { try sumSplits(target, into: y, scale: scale, for: operation) }
    }

    /// Adds up the parts [splits, outputs] of sums.
    mutating func sumSplits(
        _ partial: DeviceTensor, into y: DeviceTensor, scale: Float = 1, for operation: String
    ) throws(SemblanceError) {
        let splits = partial.shape[0], outputs = partial.shape[1]
        try sum(
            partial, into: y, kept: StridedAxes(sizes: [outputs], strides: [1]),
            reduced: StridedAxes(sizes: [splits], strides: [outputs]), scale: scale, for: operation)
    }
}

extension DeviceTensor {
    /// Elements of one channel of [N,C,...].
    var channelCount: Int { shape.batch * shape.spatialCount }

    /// `int channels, int spatial`.
    var channelArguments: [KernelArgument] { [.int(shape.channels), .int(shape.spatialCount)] }
}
