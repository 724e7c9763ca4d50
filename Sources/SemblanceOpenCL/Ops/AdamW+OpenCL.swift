import SemblanceCore

extension AdamW {
    /// gradient, hyper, squared norm -> parameter, first moment, second moment.
    func lower(_ inputs: [DeviceTensor], _ outputs: [DeviceTensor], into lowering: inout Lowering) {
        lowering.launchElements(
            "adamW", "adamW", inputs + outputs,
            [.float(beta1), .float(beta2), .float(epsilon), .float(weightDecay)], run: outputs[0].count)
    }
}
