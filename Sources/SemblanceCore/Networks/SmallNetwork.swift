extension NetworkBuilder {
    /// A small CNN for small data: four halving stages of plain 3x3 convolutions, and a fully connected embedding.
    mutating func small(embedding: Int) throws(SemblanceError) {
        for (stage, channels) in [32, 64, 128, 256].enumerated() {
            try convolution("conv\(stage + 1)", channels: channels, kernel: 3, stride: 2, padding: 1)
            try batchNorm("conv\(stage + 1).bn")
            try prelu("conv\(stage + 1).prelu")
            guard stage > 0 else { continue }
            let input = current
            try convolution("conv\(stage + 1)b", channels: channels, kernel: 3, padding: 1)
            try batchNorm("conv\(stage + 1)b.bn")
            try prelu("conv\(stage + 1)b.prelu")
            try add("conv\(stage + 1)b.add", input)
        }
        dropout("dropout", rate: 0.2)
        try flatten("flatten")
        try fullyConnected("fc", outputs: embedding)
        try batchNorm("features")
    }
}
