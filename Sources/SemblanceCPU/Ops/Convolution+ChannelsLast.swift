import CVectorKernels
import SemblanceCore

/// Pointwise and depthwise convolutions with constant weights by our own kernels for AVX-512, which do to sums in registers what oneDNN would run as a
/// pass of its own: a PReLU, or the max pooling that follows. What it can fuse is left to oneDNN. With AVX2 ours were no faster, pass and all.
extension Convolution {
    /// Lowers a step by one of these kernels; false where neither suits.
    func lowerChannelsLast(_ step: Step, _ lowering: Lowering) throws(SemblanceError) -> Bool {
        guard lowering.vectors == .avx512, let weights = lowering.constant(step.inputs[1]) else {
            return false
        }
        let (x, y) = (lowering.shape(step.inputs[0]), lowering.shape(step.outputs[0]))
        if window == Window(kernel: Extent(1)), groups == 1, activation == .prelu {
            try lowerPointwise(step, weights, channels: x.channels, outputs: y.channels, lowering)
            return true
        }
        guard groups == x.channels, groups == y.channels, groups % 16 == 0 else { return false }
        let pooling = pooling(after: step, lowering)
        guard activation == .prelu || pooling != nil else { return false }
        try lowerDepthwise(step, weights, pooling: pooling, lowering)
        return true
    }

    /// The step that alone reads this one's output, where it is the max pooling that the depthwise kernel can do.
    private func pooling(after step: Step, _ lowering: Lowering) -> Step? {
        // Taking the largest first and then the activation is the same.
        let isRising =
            switch activation {
            case nil, .relu: true
            case .leakyRelu(let slope): slope >= 0
            default: false
            }
        guard isRising, !hasResidual, window.kernel == Extent(3), window.stride == Extent(1),
            window.dilation == Extent(1), case .intermediate = lowering.program[step.outputs[0]].storage,
            let readers = lowering.readers[step.outputs[0]], readers.count == 1,
            case .maxPool(Window(kernel: Extent(2), stride: Extent(2))) = readers[0].op
        else { return nil }
        return readers[0]
    }

    /// Appends what computes a value, channels last.
    /// - Parameter bind: gives a run on image, packed weights and result.
    private func define(
        _ y: ValueID, _ step: Step, _ name: String, _ weights: Located, _ lowering: Lowering,
        bind:
            @escaping (
                _ x: UnsafePointer<Float>, _ weights: UnsafePointer<Float>, _ y: UnsafeMutablePointer<Float>,
                ConvolutionEpilogue.Pointers
            ) -> () -> Void
    ) throws(SemblanceError) {
        let x = step.inputs[0]
        let source = try lowering.source(x, as: .channelsLast(lowering.shape(x)))
        let layout = try MemoryDescriptor.channelsLast(lowering.shape(y))
        let epilogue = try epilogue(step, layout, lowering)
        try lowering.define(y, layout) { target in
            lowering.append(
                Task(
                    name: "convolution \(name):\(lowering.vectors)",
                    uses: [source, weights, target] + epilogue.places,
                    scratch: 0
                ) { (resolve, _) in
                    bind(
                        UnsafePointer(resolve(source)), UnsafePointer(resolve(weights)), resolve(target),
                        epilogue.resolved(resolve))
                })
        }
    }

    private func lowerPointwise(
        _ step: Step, _ weights: [Float], channels: Int, outputs: Int, _ lowering: Lowering
    ) throws(SemblanceError) {
        let rows = lowering.shape(step.outputs[0]).count / outputs, vectors = lowering.vectors
        let panel = semblance_pointwise_panel(channels), panels = (outputs + panel - 1) / panel,
            filled = (outputs + vectors.floats - 1) / vectors.floats * vectors.floats
        let (place, base) = try lowering.constantMemory(size: filled * channels * 4)
        let packed = base.assumingMemoryBound(to: Float.self)
        for output in 0..<outputs {
            let first = output / panel * panel, width = min(panel, filled - first)
            let start = first * channels + output - first
            for channel in 0..<channels {
                packed[start + channel * width] = weights[output * channels + channel]
            }
        }
        // Rows of half a megabyte, beside a panel, stay in a cache of a megabyte.
        let schedule = PanelSchedule(
            rows: rows, panels: panels, threads: lowering.threads, chunk: max((1 << 17) / channels, 48),
            reading: vectors.reading, preparation: 1)
        try define(step.outputs[0], step, "pointwise", place, lowering) { x, weights, y, epilogue in
            let problem = semblance_pointwise(
                x: x, weights: weights, bias: epilogue.bias, slope: epilogue.slope,
                residual: epilogue.residual, y: y, channels: channels, outputs: outputs)
            return {
                withUnsafePointer(to: problem) { problem in
                    schedule.run { _, rows, panel in
                        semblance_pointwise(problem, panel, rows.lowerBound, rows.upperBound)
                    }
                }
            }
        }
    }

    private func lowerDepthwise(
        _ step: Step, _ weights: [Float], pooling: Step?, _ lowering: Lowering
    ) throws(SemblanceError) {
        let (x, y) = (lowering.shape(step.inputs[0]), lowering.shape(step.outputs[0]))
        let result = pooling?.outputs[0] ?? step.outputs[0], size = lowering.shape(result)
        let (channels, taps) = (x.channels, window.kernel.count)
        let (place, base) = try lowering.constantMemory(size: weights.count * 4)
        let packed = base.assumingMemoryBound(to: Float.self)
        for channel in 0..<channels {
            for tap in 0..<taps { packed[tap * channels + channel] = weights[channel * taps + tap] }
        }
        var unbound = semblance_depthwise()
        (unbound.channels, unbound.height, unbound.width) = (channels, x.height, x.width)
        (unbound.output_height, unbound.output_width) = (y.height, y.width)
        (unbound.kernel_height, unbound.kernel_width) = (window.kernel.height, window.kernel.width)
        (unbound.stride_height, unbound.stride_width) = (window.stride.height, window.stride.width)
        (unbound.dilation_height, unbound.dilation_width) = (window.dilation.height, window.dilation.width)
        (unbound.top, unbound.left) = (window.padding.top, window.padding.left)
        unbound.pools = pooling == nil ? 0 : 1
        let rows = size.batch * size.height, threads = y.count < 1 << 12 ? 1 : lowering.threads
        // Some parts for each thread.
        let part = max(rows / (8 * threads), 1)
        let geometry = unbound
        if pooling != nil { lowering.computed.insert(result) }
        let name = pooling == nil ? "depthwise" : "depthwise and maxPool"
        try define(result, step, name, place, lowering) { x, weights, y, epilogue in
            var problem = geometry
            (problem.x, problem.weights, problem.y) = (x, weights, y)
            (problem.bias, problem.slope, problem.residual) = epilogue
            let bound = problem
            return {
                parallel(rows, block: part, threads: threads) { _, rows in
                    withUnsafePointer(to: bound) { semblance_depthwise($0, rows.lowerBound, rows.upperBound) }
                }
            }
        }
    }
}
