import SemblanceCore

extension Lowering {
    /// A reshape whose output has memory of its own; where it can, the plan lets both share one place and lowers nothing.
    mutating func reshape(inputs: [DeviceTensor], outputs: [DeviceTensor]) {
        guard inputs[0].buffer != outputs[0].buffer || inputs[0].place != outputs[0].place else { return }
        launchFlat(
            "reshape", "reshape", count: inputs[0].count,
            [.tensor(inputs[0].named("x")), .tensor(outputs[0].named("y"))])
    }
}
