import SemblanceCore

extension SGD {
    /// gradient, hyper, squared norm -> parameter, velocity.
    func lower(_ inputs: [DeviceTensor], _ outputs: [DeviceTensor], into lowering: inout Lowering) {
        lowering.launchElements(
            "sgd", "sgd", inputs + outputs, [.float(momentum), .float(weightDecay)], run: outputs[0].count)
    }
}
