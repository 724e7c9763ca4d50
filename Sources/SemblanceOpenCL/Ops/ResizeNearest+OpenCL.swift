import SemblanceCore

extension Lowering {
    /// x -> y, or dy -> dx, with W the width of the smaller.
    mutating func resizeNearest(
        _ function: String, _ scale: Extent, _ input: DeviceTensor, _ output: DeviceTensor
    ) {
        launchElements(
            "resizeNearest", function, [input, output],
            [.int(min(input.shape.width, output.shape.width)), .int(scale.height), .int(scale.width)])
    }
}
