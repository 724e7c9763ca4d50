import SemblanceCore

extension Window {
    /// The kernels' `WINDOW` parameter.
    func arguments(image: Shape, output: Shape) -> [KernelArgument] {
        [
            .int(image.height), .int(image.width), .int(output.height), .int(output.width),
            .int(kernel.height),
            .int(kernel.width), .int(stride.height), .int(stride.width), .int(padding.top),
            .int(padding.left),
            .int(dilation.height), .int(dilation.width),
        ]
    }

    /// x -> y.
    func lowerMaxPool(_ x: DeviceTensor, _ y: DeviceTensor, into lowering: inout Lowering) {
        lowering.launchElements(
            "maxPool", "maxPool", [x.named("x"), y.named("y")], arguments(image: x.shape, output: y.shape))
    }

    /// x, dy -> dx.
    func lowerMaxPoolGradient(
        _ x: DeviceTensor, _ dy: DeviceTensor, _ dx: DeviceTensor, into lowering: inout Lowering
    ) {
        let window = arguments(image: x.shape, output: dy.shape)
        let taps = lowering.scratch(dy.shape)
        lowering.launchElements("maxPool", "maxPoolTaps", [x.named("x"), taps], window)
        lowering.launchElements("maxPool", "maxPoolGradient", [taps, dy.named("dy"), dx.named("dx")], window)
    }
}
