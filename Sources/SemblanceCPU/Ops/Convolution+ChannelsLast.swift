import CVectorKernels
import SemblanceCore

/// Pointwise and depthwise convolutions with constant weights and a PReLU, by our own kernels for AVX-512 that apply it to sums in registers: oneDNN
/// would run it as a pass of its own. What it can fuse is left to oneDNN.
extension Convolution {
    static let hasVectorKernels = semblance_has_convolutions() != 0

    /// Lowers a step by one of these kernels; false where neither suits.
    func lowerChannelsLast(_ step: Step, _ lowering: Lowering) throws(SemblanceError) -> Bool {
        guard Self.hasVectorKernels, activation == .prelu, let weights = lowering.constant(step.inputs[1])
        else { return false }
        let (x, y) = (lowering.shape(step.inputs[0]), lowering.shape(step.outputs[0]))
        if window == Window(kernel: Extent(1)), groups == 1 {
            try lowerPointwise(step, weights, channels: x.channels, outputs: y.channels, lowering)
        } else if groups == x.channels, groups == y.channels, groups % 16 == 0 {
            try lowerDepthwise(step, weights, lowering)
        } else {
            return false
        }
        return true
    }

    /// What follows the sums: bias and slope by output, the residual as the result.
    private struct Epilogue {
        var bias: Located?
        var slope: Located?
        var residual: Located?

        var places: [Located] { [bias, slope, residual].compactMap { $0 } }

        /// Those memories that follow the first `skip`, in the order of `places`, nil where there is none.
        func bind(_ memory: [UnsafeMutablePointer<Float>], after skip: Int) -> [UnsafePointer<Float>?] {
            var next = skip
            return [bias, slope, residual].map { place in
                guard place != nil else { return nil }
                next += 1
                return UnsafePointer(memory[next - 1])
            }
        }
    }

    private func epilogue(_ step: Step, _ lowering: Lowering) throws(SemblanceError) -> Epilogue {
        var result = Epilogue()
        result.slope = try slope(step, lowering).values
        if let bias = biasIndex { result.bias = try lowering.plain(step.inputs[bias]) }
        if let residual = residualIndex {
            result.residual = try lowering.source(
                step.inputs[residual], as: .channelsLast(lowering.shape(step.outputs[0])))
        }
        return result
    }

    /// Appends what computes the step's output, channels last.
    private func define(
        _ step: Step, _ name: String, _ weights: Located, _ lowering: Lowering,
        body: @escaping (_ memory: [UnsafeMutablePointer<Float>], _ epilogue: [UnsafePointer<Float>?]) -> Void
    ) throws(SemblanceError) {
        let (x, y) = (step.inputs[0], step.outputs[0])
        let source = try lowering.source(x, as: .channelsLast(lowering.shape(x)))
        let epilogue = try epilogue(step, lowering)
        try lowering.define(y, .channelsLast(lowering.shape(y))) { target in
            lowering.host("convolution \(name):avx512", [source, weights, target] + epilogue.places) {
                memory, _ in
                body(memory, epilogue.bind(memory, after: 3))
            }
        }
    }

    private func lowerPointwise(
        _ step: Step, _ weights: [Float], channels: Int, outputs: Int, _ lowering: Lowering
    ) throws(SemblanceError) {
        let rows = lowering.shape(step.outputs[0]).count / outputs, panels = PanelSchedule.panels(outputs)
        let (place, base) = try lowering.constantMemory(size: (outputs + 15) / 16 * 16 * channels * 4)
        let packed = base.assumingMemoryBound(to: Float.self)
        for output in 0..<outputs {
            let panel = output / PanelSchedule.width, first = panel * PanelSchedule.width
            let width = min(PanelSchedule.width, (outputs - first + 15) / 16 * 16)
            let start = first * channels + output - first
            for channel in 0..<channels {
                packed[start + channel * width] = weights[output * channels + channel]
            }
        }
        // Rows of half a megabyte, beside a panel, stay in a cache of a megabyte.
        let schedule = PanelSchedule(
            rows: rows, panels: panels, threads: lowering.threads, chunk: max((1 << 17) / channels, 48),
            preparation: 1)
        try define(step, "pointwise", place, lowering) { memory, epilogue in
            let problem = semblance_pointwise(
                x: memory[0], weights: memory[1], bias: epilogue[0], slope: epilogue[1],
                residual: epilogue[2], y: memory[2], channels: channels, outputs: outputs)
            schedule.run { _, rows, panels in
                withUnsafePointer(to: problem) { problem in
                    for panel in panels {
                        semblance_pointwise(problem, panel, rows.lowerBound, rows.upperBound)
                    }
                }
            }
        }
    }

    private func lowerDepthwise(_ step: Step, _ weights: [Float], _ lowering: Lowering)
        throws(SemblanceError)
    {
        let (x, y) = (lowering.shape(step.inputs[0]), lowering.shape(step.outputs[0]))
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
        let rows = y.batch * y.height, threads = y.count < 1 << 12 ? 1 : min(lowering.threads, rows)
        let problem = unbound
        try define(step, "depthwise", place, lowering) { memory, epilogue in
            var problem = problem
            (problem.x, problem.weights) = (UnsafePointer(memory[0]), UnsafePointer(memory[1]))
            (problem.bias, problem.slope, problem.residual) = (epilogue[0], epilogue[1], epilogue[2])
            problem.y = memory[2]
            let bound = problem
            parallel(threads, block: 1, threads: threads) { part, _ in
                withUnsafePointer(to: bound) {
                    semblance_depthwise($0, rows * part / threads, rows * (part + 1) / threads)
                }
            }
        }
    }
}

extension Convolution {
    /// The activation as a factor below 0, by output; `isWhole` is false for what that cannot express.
    func slope(_ step: Step, _ lowering: Lowering) throws(SemblanceError) -> (
        values: Located?, isWhole: Bool
    ) {
        let channels = lowering.shape(step.outputs[0]).channels
        switch activation {
        case nil: return (nil, true)
        case .prelu:
            guard let index = slopeIndex else { return (nil, false) }
            return (try lowering.plain(step.inputs[index]), true)
        case .relu: return (try lowering.constants([0], count: channels), true)
        case .leakyRelu(let slope): return (try lowering.constants([slope], count: channels), true)
        default: return (nil, false)
        }
    }
}
