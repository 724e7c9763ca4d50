import SemblanceCore

extension AveragePool {
    private var defines: [String: Int] { ["COUNTS_PADDING": countsPadding ? 1 : 0] }

    /// x -> y.
    func lower(_ x: DeviceTensor, _ y: DeviceTensor, into lowering: inout Lowering) {
        lowering.launchElements(
            "averagePool", "averagePool", defines: defines, [x.named("x"), y.named("y")],
            window.arguments(image: x.shape, output: y.shape))
    }

    /// dy -> dx.
    func lowerGradient(_ dy: DeviceTensor, _ dx: DeviceTensor, into lowering: inout Lowering) {
        lowering.launchElements(
            "averagePool", "averagePoolGradient", defines: defines, [dy.named("dy"), dx.named("dx")],
            window.arguments(image: dx.shape, output: dy.shape))
    }
}

extension Lowering {
    /// x [N,C,H,W] -> y [N,C,1,1].
    mutating func globalAveragePool(_ x: DeviceTensor, _ y: DeviceTensor) throws(SemblanceError) {
        let spatial = x.shape.spatialCount
        try sum(
            x, into: y, kept: StridedAxes(sizes: [y.count], strides: [spatial]),
            reduced: StridedAxes(sizes: [spatial], strides: [1]), scale: 1 / Float(spatial),
            for: "globalAveragePool")
    }

    /// dy [N,C,1,1] -> dx.
    mutating func globalAveragePoolGradient(_ dy: DeviceTensor, _ dx: DeviceTensor) {
        launchElements(
            "globalAveragePool", "globalAveragePoolGradient", [dy.named("dy"), dx.named("dx")],
            [.int(dx.shape.spatialCount)],
            run: dx.shape.spatialCount)
    }
}
