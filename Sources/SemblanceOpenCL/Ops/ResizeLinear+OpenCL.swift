import SemblanceCore

extension ResizeLinear {
    /// x -> y, or dy -> dx; `x` is whichever has the shape before the resize.
    func lower(
        _ function: String, _ input: DeviceTensor, _ output: DeviceTensor, x: DeviceTensor,
        into lowering: inout Lowering
    ) {
        func arguments(_ input: Int, _ output: Int) -> [KernelArgument] {
            let axis = axis(input: input, output: output)
            return [input, output, axis.step, axis.start, axis.unit].map(KernelArgument.int)
        }
        lowering.launchElements(
            "resizeLinear", function, [input, output],
            arguments(x.shape.height, size.height) + arguments(x.shape.width, size.width))
    }
}
