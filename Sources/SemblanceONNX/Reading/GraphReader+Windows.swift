import SemblanceCore

// Convolutions, poolings and resizing.
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

    /// Resize and its predecessor Upsample, for repeating pixels.
    func resize(_ node: NodeProto) throws(SemblanceError) {
        let x = try computed(node, 0)
        guard x.shape.rank == 4 else { throw invalid("it takes NCHW, not \(x.shape)") }
        guard try node.string("mode") ?? "nearest" == "nearest" else {
            throw unsupported("only the mode nearest is supported")
        }
        let scale = try resizeScale(node, input: x.shape)
        guard try repeatsPixels(node, scale: scale) else {
            throw unsupported("its choice of the nearest pixel does not just repeat pixels")
        }
        try emit(.resizeNearest(scale), x, of: node)
    }

    private func resizeScale(_ node: NodeProto, input: Shape) throws(SemblanceError) -> Extent {
        // Inputs are (x, scales) up to opset 10 and (x, region, scales, sizes) from 11 on.
        let scalesIndex = opset < 11 || node.operatorName == "Upsample" ? 1 : 2
        var scales: [Double] = []
        if let attribute = try node.floats("scales") {
            scales = attribute.map(Double.init)
        } else if has(node, scalesIndex), try constant(node, scalesIndex).elements.count > 0 {
            scales = try constant(node, scalesIndex).floats.map(Double.init)
        } else if has(node, 3) {
            let sizes = try sizes(node, 3)
            guard sizes.count == 4 else { throw invalid("there must be 4 sizes") }
            for (axis, size) in sizes.enumerated() {
                scales.append(axis == 0 ? 1 : Double(size ?? 0) / Double(input[axis]))
            }
        }
        guard scales.count == 4, scales[0] == 1, scales[1] == 1, let height = Int(exactly: scales[2]),
            let width = Int(exactly: scales[3]), (1...1024).contains(height), (1...1024).contains(width)
        else {
            throw unsupported("only enlarging height and width by whole factors is supported, not \(scales)")
        }
        return Extent(height, width)
    }

    /// For whole factors, these ways to find the nearest pixel are all floor(x / factor).
    private func repeatsPixels(_ node: NodeProto, scale: Extent) throws(SemblanceError) -> Bool {
        guard opset >= 11, node.operatorName == "Resize" else { return true }
        let rounding = try node.string("nearest_mode") ?? "round_prefer_floor"
        switch try node.string("coordinate_transformation_mode") ?? "half_pixel" {
        case "asymmetric":
            return rounding == "floor"
                || rounding == "round_prefer_floor" && max(scale.height, scale.width) <= 2
        case "half_pixel", "pytorch_half_pixel", "half_pixel_symmetric":
            return rounding.hasPrefix("round_prefer")
        default:
            return false
        }
    }
}
