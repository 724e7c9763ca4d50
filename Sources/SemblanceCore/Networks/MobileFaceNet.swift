extension NetworkBuilder {
    /// MobileFaceNet (Chen et al., 2018): inverted residuals with PReLU and a global depthwise convolution at the end.
    mutating func mobileFaceNet(embedding: Int) throws(SemblanceError) {
        try unit("conv1", channels: 64, kernel: 3, stride: 2, padding: 1)
        try depthwiseUnit("conv2_dw", kernel: 3, padding: 1)
        // Channels of the output, expansion, repeats, stride of the first.
        let stages = [(64, 2, 5, 2), (128, 4, 1, 2), (128, 2, 6, 1), (128, 4, 1, 2), (128, 2, 2, 1)]
        for (stage, (channels, expansion, repeats, stride)) in stages.enumerated() {
            for block in 0..<repeats {
                try bottleneck(
                    "stage\(stage + 1).\(block)", channels: channels, expansion: expansion,
                    stride: block == 0 ? stride : 1)
            }
        }
        try unit("conv6_sep", channels: 512, kernel: 1)
        try depthwise("conv6_dw", kernel: current.shape.height)
        try batchNorm("conv6_dw.bn")
        try convolution("conv7", channels: embedding, kernel: 1)
        try batchNorm("conv7.bn")
        try flatten("flatten")
    }

    private mutating func unit(
        _ name: String, channels: Int, kernel: Int, stride: Int = 1, padding: Int = 0
    ) throws(SemblanceError) {
        try convolution(name, channels: channels, kernel: kernel, stride: stride, padding: padding)
        try batchNorm("\(name).bn")
        try prelu("\(name).prelu")
    }

    private mutating func depthwiseUnit(_ name: String, kernel: Int, stride: Int = 1, padding: Int)
        throws(SemblanceError)
    {
        try depthwise(name, kernel: kernel, stride: stride, padding: padding)
        try batchNorm("\(name).bn")
        try prelu("\(name).prelu")
    }

    private mutating func bottleneck(_ name: String, channels: Int, expansion: Int, stride: Int)
        throws(SemblanceError)
    {
        let input = current
        try unit("\(name).expand", channels: input.shape.channels * expansion, kernel: 1)
        try depthwiseUnit("\(name).dw", kernel: 3, stride: stride, padding: 1)
        try convolution("\(name).project", channels: channels, kernel: 1)
        try batchNorm("\(name).project.bn")
        if stride == 1, input.shape.channels == channels { try add("\(name).add", input) }
    }
}
