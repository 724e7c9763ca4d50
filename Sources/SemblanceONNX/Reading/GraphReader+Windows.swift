import SemblanceCore

// Convolutions and poolings.
extension GraphReader {
    func convolution(_ node: NodeProto) throws(SemblanceError) {
        let x = try computed(node, 0)
        let weight = try constant(node, 1)
        guard weight.shape.rank == 4, x.shape.rank == 4 else {
            throw unsupported("only 2-D convolutions are supported, not a weight of \(weight.shape)")
        }
        let kernel = Extent(weight.shape[2], weight.shape[3])
        let window = try window(of: node, kernel: kernel, input: x.shape)
        var convolution = Convolution(window: window, groups: try node.integer("group") ?? 1)
        var inputs = [x, try parameter(weight, .weight, shape: weight.shape)]
        if has(node, 2) {
            let bias: Shape = [weight.shape[0]]
            convolution.hasBias = true
            inputs.append(try parameter(try constant(node, 2), .bias, shape: bias))
        }
        try emit(.convolution(convolution), inputs, as: node.outputs[0], of: node)
    }

    func maxPool(_ node: NodeProto) throws(SemblanceError) {
        let x = try computed(node, 0)
        try emit(.maxPool(try poolingWindow(of: node, input: x.shape)), x, of: node)
    }

    func averagePool(_ node: NodeProto) throws(SemblanceError) {
        let x = try computed(node, 0)
        let pool = AveragePool(
            window: try poolingWindow(of: node, input: x.shape),
            countsPadding: try node.integer("count_include_pad") ?? 0 != 0)
        try emit(.averagePool(pool), x, of: node)
    }

    func globalAveragePool(_ node: NodeProto) throws(SemblanceError) {
        try emit(.globalAveragePool, try computed(node, 0), of: node)
    }

    func globalMaxPool(_ node: NodeProto) throws(SemblanceError) {
        let x = try computed(node, 0)
        guard x.shape.rank == 4 else { throw invalid("it takes NCHW, not \(x.shape)") }
        try emit(.maxPool(Window(kernel: Extent(x.shape.height, x.shape.width))), x, of: node)
    }

    private func poolingWindow(of node: NodeProto, input: Shape) throws(SemblanceError) -> Window {
        guard let kernel = try node.integers("kernel_shape"), kernel.count == 2 else {
            throw unsupported("only 2-D pooling is supported")
        }
        let window = try window(of: node, kernel: Extent(kernel[0], kernel[1]), input: input)
        guard try node.integer("ceil_mode") ?? 0 != 0 else { return window }
        // Rounding up makes no difference where the windows end just at the border.
        let restRows = input.height + window.padding.top + window.padding.bottom - window.reach.height
        let restColumns = input.width + window.padding.left + window.padding.right - window.reach.width
        guard restRows % window.stride.height == 0, restColumns % window.stride.width == 0 else {
            throw unsupported("ceil_mode is not supported")
        }
        return window
    }

    private func window(of node: NodeProto, kernel: Extent, input: Shape) throws(SemblanceError) -> Window {
        guard input.rank == 4 else { throw invalid("it takes NCHW, not \(input)") }
        let strides = try node.integers("strides") ?? [1, 1]
        let dilations = try node.integers("dilations") ?? [1, 1]
        let pads = try node.integers("pads") ?? [0, 0, 0, 0]
        guard strides.count == 2, dilations.count == 2, pads.count == 4 else {
            throw invalid("strides, dilations or pads have the wrong length")
        }
        if let declared = try node.integers("kernel_shape"), declared != [kernel.height, kernel.width] {
            throw invalid("kernel_shape \(declared) is not the weight's \(kernel)")
        }
        // Small enough that no sum or product of them overflows.
        let limit = 1 << 20
        guard (strides + dilations + [kernel.height, kernel.width]).allSatisfy({ (1..<limit).contains($0) }),
            pads.allSatisfy({ (0..<limit).contains($0) })
        else { throw invalid("kernel, strides, dilations or pads are out of range") }
        var window = Window(
            kernel: kernel, stride: Extent(strides[0], strides[1]),
            padding: Padding(top: pads[0], left: pads[1], bottom: pads[2], right: pads[3]),
            dilation: Extent(dilations[0], dilations[1]))
        switch try node.string("auto_pad") ?? "NOTSET" {
        case "NOTSET", "": break
        case "VALID": window.padding = Padding(0)
        case "SAME_UPPER": window.padding = samePadding(window, input: input, upper: true)
        case "SAME_LOWER": window.padding = samePadding(window, input: input, upper: false)
        case let other: throw invalid("auto_pad is \(other.quoted)")
        }
        return window
    }

    /// As many zeros as make the output ceil(input / stride); the odd one at the end (`upper`) or at the start.
    private func samePadding(_ window: Window, input: Shape, upper: Bool) -> Padding {
        func split(_ size: Int, _ stride: Int, _ reach: Int) -> (start: Int, end: Int) {
            let total = max(0, ((size + stride - 1) / stride - 1) * stride + reach - size)
            return upper ? (total / 2, total - total / 2) : (total - total / 2, total / 2)
        }
        let rows = split(input.height, window.stride.height, window.reach.height)
        let columns = split(input.width, window.stride.width, window.reach.width)
        return Padding(top: rows.start, left: columns.start, bottom: rows.end, right: columns.end)
    }
}
