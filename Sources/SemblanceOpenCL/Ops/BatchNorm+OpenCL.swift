import SemblanceCore

extension BatchNorm {
    /// x, gamma, beta, mean, variance -> y.
    func lower(_ inputs: [DeviceTensor], _ y: DeviceTensor, into lowering: inout Lowering) {
        lowering.launchElements(
            "batchNorm", "batchNorm", [inputs[0].named("x")] + inputs.dropFirst() + [y.named("y")],
            y.channelArguments + [.float(epsilon)],
            run: y.shape.spatialCount)
    }

    /// x, gamma, beta -> y, mean, inverse deviation, running mean, running variance.
    func lowerTraining(_ inputs: [DeviceTensor], _ outputs: [DeviceTensor], into lowering: inout Lowering) {
        let x = inputs[0].named("x"), channels = x.shape.channels, total = x.channelCount
        let group = lowering.reductionGroup(for: total)
        let parts = lowering.partition(count: total, rows: channels, group: group)
        let partial = lowering.scratch([2, parts.splits, channels])
        lowering.launchGroups(
            "batchNormTraining", "batchNormStatistics", [x, partial],
            x.channelArguments + [.ulong(total), .ulong(parts.chunk)],
            rows: channels, splits: parts.splits, group: group)
        lowering.launchGroups(
            "batchNormTraining", "batchNormMerge", [partial] + outputs[1...4],
            [
                .float(epsilon), .float(momentum), .int(parts.splits), .ulong(total), .ulong(parts.chunk),
            ],
            rows: channels, group: lowering.reductionGroup(for: parts.splits))
        lowering.launchElements(
            "batchNormTraining", "batchNormTraining",
            [x] + inputs[1...2] + outputs[1...2] + [outputs[0].named("y")],
            x.channelArguments, run: x.shape.spatialCount)
    }

    /// x, dy, gamma, mean, spread -> dx, dgamma, dbeta. The spread is the running variance where the statistics are frozen, and the
    /// batch's inverse deviation otherwise.
    func lowerGradient(
        _ inputs: [DeviceTensor], _ outputs: [DeviceTensor], frozen: Bool, into lowering: inout Lowering
    ) throws(SemblanceError) {
        let x = inputs[0].named("x"), dy = inputs[1].named("dy"), mean = inputs[3], spread = inputs[4]
        let channels = x.shape.channels, total = x.channelCount
        let defines = ["FROZEN": frozen ? 1 : 0]
        let group = lowering.reductionGroup(for: total)
        let parts = lowering.partition(count: total, rows: channels, group: group)
        var sums = Array(outputs[1...2])
        if parts.splits > 1 { sums = sums.map { _ in lowering.scratch([parts.splits, channels]) } }
        lowering.launchGroups(
            "batchNormGradient", "batchNormGradientSums", defines: defines, [x, dy, mean, spread] + sums,
            x.channelArguments + [.float(epsilon), .ulong(total), .ulong(parts.chunk)],
            rows: channels, splits: parts.splits, group: group)
        if parts.splits > 1 {
            for (sum, output) in zip(sums, outputs[1...2]) {
                try lowering.sumSplits(sum, into: output, for: "batchNormGradient")
            }
        }
        lowering.launchElements(
            "batchNormGradient", "batchNormGradient", defines: defines,
            [x, dy] + inputs[2...4] + outputs[1...2] + [outputs[0].named("dx")],
            x.channelArguments + [.float(epsilon), .float(1 / Float(total))], run: x.shape.spatialCount)
    }
}
