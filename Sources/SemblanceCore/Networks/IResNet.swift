extension NetworkBuilder {
    /// IResNet as ArcFace's authors train it (Deng et al., 2019; blocks after Duta et al., 2020): a stride-1 stem, four
    /// stages that each halve the image, and batch norm - flatten - fully connected - batch norm at the end.
    mutating func iResNet(blocks: [Int], embedding: Int, widths: [Int] = [64, 128, 256, 512])
        throws(SemblanceError)
    {
        try convolution("conv1", channels: widths[0], kernel: 3, padding: 1)
        try batchNorm("bn1")
        try prelu("prelu")
        for (stage, count) in blocks.enumerated() {
            for block in 0..<count {
                try residualBlock(
                    "layer\(stage + 1).\(block)", channels: widths[stage], stride: block == 0 ? 2 : 1)
            }
        }
        try batchNorm("bn2")
        try flatten("flatten")
        try fullyConnected("fc", outputs: embedding)
        try batchNorm("features")
    }

    private mutating func residualBlock(_ name: String, channels: Int, stride: Int) throws(SemblanceError) {
        let input = current
        var shortcut = input
        if stride != 1 || input.shape.channels != channels {
            try convolution("\(name).downsample.0", channels: channels, kernel: 1, stride: stride)
            try batchNorm("\(name).downsample.1")
            shortcut = current
            resume(at: input)
        }
        try batchNorm("\(name).bn1")
        try convolution("\(name).conv1", channels: channels, kernel: 3, padding: 1)
        try batchNorm("\(name).bn2")
        try prelu("\(name).prelu")
        try convolution("\(name).conv2", channels: channels, kernel: 3, stride: stride, padding: 1)
        try batchNorm("\(name).bn3")
        try add("\(name).add", shortcut)
    }
}
