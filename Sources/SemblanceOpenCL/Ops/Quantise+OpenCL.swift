import SemblanceCore

extension Quantisation {
    /// x -> y.
    func lower(_ x: DeviceTensor, _ y: DeviceTensor, into lowering: inout Lowering) {
        lowering.launchElements(
            "quantise", "quantise", [x, y],
            [.float(scale), .float(Float(-zero)), .float(Float(255 - zero))], run: y.count)
    }
}
