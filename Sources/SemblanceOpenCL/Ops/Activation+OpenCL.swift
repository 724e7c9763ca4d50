import SemblanceCore

extension Activation {
    /// x, [slope] -> y.
    func lower(_ inputs: [DeviceTensor], _ y: DeviceTensor, into lowering: inout Lowering) {
        let x = inputs[0]
        switch self {
        case .relu:
            lowering.launchElements("activation", "relu", [x, y], run: y.count)
        case .leakyRelu(let slope):
            lowering.launchElements("activation", "leakyRelu", [x, y], [.float(slope)], run: y.count)
        case .prelu:
            lowering.launchElements(
                "activation", "prelu", [x, inputs[1], y], x.channelArguments, run: x.shape.spatialCount)
        case .sigmoid:
            lowering.launchElements("activation", "sigmoid", [x, y], run: y.count)
        }
    }

    /// x, dy, [slope] -> dx, [dslope].
    func lowerGradient(
        _ inputs: [DeviceTensor], _ outputs: [DeviceTensor], into lowering: inout Lowering
    ) throws(SemblanceError) {
        let x = inputs[0], dy = inputs[1], dx = outputs[0]
        switch self {
        case .relu:
            lowering.launchElements("activation", "reluGradient", [x, dy, dx], run: dx.count)
        case .leakyRelu(let slope):
            lowering.launchElements(
                "activation", "leakyReluGradient", [x, dy, dx], [.float(slope)], run: dx.count)
        case .sigmoid:
            lowering.launchElements("activation", "sigmoidGradient", [x, dy, dx], run: dx.count)
        case .prelu:
            let channels = x.shape.channels
            let group = lowering.reductionGroup(for: x.channelCount)
            let parts = lowering.partition(count: x.channelCount, rows: channels, group: group)
            let partial = parts.splits == 1 ? outputs[1] : lowering.scratch([parts.splits, channels])
            lowering.launchGroups(
                "activation", "preluGradient", [x, dy, inputs[2], dx, partial],
                x.channelArguments + [.ulong(x.channelCount), .ulong(parts.chunk)],
                rows: channels, splits: parts.splits, group: group)
            if parts.splits > 1 {
                try lowering.sumSplits(partial, into: outputs[1], for: "activationGradient")
            }
        }
    }
}
