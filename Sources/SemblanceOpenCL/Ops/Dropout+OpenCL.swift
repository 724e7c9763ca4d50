import SemblanceCore

extension Dropout {
    /// x, step -> y.
    func lower(_ x: DeviceTensor, _ step: DeviceTensor, _ y: DeviceTensor, into lowering: inout Lowering) {
        lowering.launchElements(
            "dropout", "dropout", [x.named("x"), step, y.named("y")],
            [.uint(seed), .uint(threshold), .float(scale)])
    }
}
