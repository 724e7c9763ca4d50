import SemblanceCore

/// Convolutions with one input channel a group, computed directly: their products are too thin for a GEMM.
extension ConvolutionShape {
    private var defines: [String: Int] {
        ["KERNEL_HEIGHT": window.kernel.height, "KERNEL_WIDTH": window.kernel.width]
    }

    /// The multiplier and GEOMETRY in depthwise.cl.
    private var depthwiseGeometry: [KernelArgument] {
        [
            outputs, size.height, size.width, window.stride.height, window.stride.width,
            window.dilation.height,
            window.dilation.width, window.padding.top, window.padding.left, outputSize.height,
            outputSize.width,
        ].map(KernelArgument.int)
    }

    func lowerDepthwise(
        x: DeviceTensor, weight: DeviceTensor, y: DeviceTensor, epilogue: Epilogue,
        into lowering: inout Lowering
    ) {
        let arguments =
            [.tensor(x.named("x")), .tensor(weight), .tensor(y.named("y"))] + epilogue.arguments
            + depthwiseGeometry
        launch(
            "depthwise", defines.merging(epilogue.defines) { $1 }, pixels: positions,
            channels: groups * outputs, result: y.element,
            arguments, into: &lowering)
    }

    func lowerDepthwiseInputGradient(
        dy: DeviceTensor, weight: DeviceTensor, dx: DeviceTensor, into lowering: inout Lowering
    ) {
        let arguments =
            [.tensor(dy.named("dy")), .tensor(weight), .tensor(dx.named("dx"))] + depthwiseGeometry
        launch(
            "depthwise_input_gradient", defines, pixels: size.count, channels: groups, result: dx.element,
            arguments,
            into: &lowering)
    }

    func lowerDepthwiseWeightGradient(
        x: DeviceTensor, dy: DeviceTensor, dweight: DeviceTensor, into lowering: inout Lowering
    ) {
        let group = lowering.traits.isGPU ? min(256, lowering.traits.maxWorkGroup) : 1
        lowering.launch(
            KernelLaunch(
                "depthwise", "depthwise_weight_gradient", defines: defines.merging(["GROUP": group]) { $1 },
                arguments: [.tensor(x.named("x")), .tensor(dy.named("dy")), .tensor(dweight), .int(images)]
                    + depthwiseGeometry,
                global: [group, window.kernel.count, groups * outputs], local: [group, 1, 1]))
    }

    /// One work-item an element on a GPU, a plane on a CPU, where sums are made in the result.
    private func launch(
        _ function: String, _ defines: [String: Int], pixels: Int, channels: Int, result: Element,
        _ arguments: [KernelArgument],
        into lowering: inout Lowering
    ) {
        if lowering.traits.isGPU || result == .half {
            lowering.launchImages(
                "depthwise", function, defines: defines, positions: pixels, rows: channels, images: images,
                arguments)
        } else {
            lowering.launch(
                KernelLaunch(
                    "depthwise", function + "_rows", defines: defines, arguments: arguments,
                    global: [channels, images], local: [1, 1]))
        }
    }
}
