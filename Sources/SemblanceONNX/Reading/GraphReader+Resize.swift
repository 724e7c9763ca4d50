import SemblanceCore

// Resize and its predecessor Upsample.
extension GraphReader {
    /// How large the result is, and by which factors as the file gives them.
    private struct Scaling {
        var size: Extent
        var height: Double
        var width: Double
    }

    func resize(_ node: NodeProto) throws(SemblanceError) {
        let x = try computed(node, 0)
        guard x.shape.rank == 4 else { throw invalid("it takes NCHW, not \(x.shape)") }
        guard try node.integer("antialias") ?? 0 == 0 else { throw unsupported("antialias is not supported") }
        let scaling = try scaling(node, input: x.shape)
        switch try node.string("mode") ?? "nearest" {
        case "nearest": try emit(.resizeNearest(try repetition(node, scaling)), x, of: node)
        case "linear", "bilinear":
            let coordinates = try coordinates(node, scaling.size)
            try emit(
                .resizeLinear(ResizeLinear(size: scaling.size, coordinates: coordinates)), x, of: node)
        case let other: throw unsupported("the mode \(other.quoted)")
        }
    }

    private func scaling(_ node: NodeProto, input: Shape) throws(SemblanceError) -> Scaling {
        // Inputs are (x, scales) up to opset 10 and (x, region, scales, sizes) from 11 on.
        let scalesIndex = opset < 11 || node.operatorName == "Upsample" ? 1 : 2
        var scales: [Float] = []
        if let attribute = try node.floats("scales") {
            scales = attribute
        } else if has(node, scalesIndex) {
            scales = try constant(node, scalesIndex).floats
        }
        var sizes: [Int?] = scales.isEmpty && has(node, 3) ? try self.sizes(node, 3) : []
        if let axes = try node.integers("axes") {
            guard axes == [2, 3] || axes == [-2, -1] else { throw unsupported("the axes \(axes)") }
            if !scales.isEmpty { scales = [1, 1] + scales }
            if !sizes.isEmpty { sizes = [nil, input.channels] + sizes }
        }
        let limit: ClosedRange<Float> = 1...0x1p20
        if scales.count == 4, scales[0] == 1, scales[1] == 1 {
            let height = scales[2] * Float(input.height), width = scales[3] * Float(input.width)
            guard limit.contains(height), limit.contains(width) else { throw invalid("scales of \(scales)") }
            return Scaling(
                size: Extent(Int(height), Int(width)), height: Double(scales[2]), width: Double(scales[3]))
        }
        guard sizes.count == 4, sizes[0] == nil || sizes[0] == 1 || sizes[0] == fileBatch,
            sizes[1] == input.channels,
            let height = sizes[2], let width = sizes[3], limit.contains(Float(height)),
            limit.contains(Float(width)),
            try node.string("keep_aspect_ratio_policy") ?? "stretch" == "stretch"
        else { throw unsupported("only height and width can be resized, by scales \(scales) or to sizes") }
        return Scaling(
            size: Extent(height, width), height: Double(height) / Double(input.height),
            width: Double(width) / Double(input.width))
    }

    /// How often each pixel is repeated, where a nearest-pixel resize does no more than that.
    private func repetition(_ node: NodeProto, _ scaling: Scaling) throws(SemblanceError) -> Extent {
        guard let height = Int(exactly: scaling.height), let width = Int(exactly: scaling.width),
            (1...1024).contains(height), (1...1024).contains(width)
        else {
            throw unsupported(
                "only enlarging height and width by whole factors is supported, not by \(scaling.height) and \(scaling.width)"
            )
        }
        let scale = Extent(height, width)
        guard opset >= 11, node.operatorName == "Resize" else { return scale }
        // For whole factors, these ways to find the nearest pixel are all floor(x / factor).
        let rounding = try node.string("nearest_mode") ?? "round_prefer_floor"
        let mode = try node.string("coordinate_transformation_mode") ?? "half_pixel"
        let repeats =
            switch mode {
            case "asymmetric":
                rounding == "floor" || rounding == "round_prefer_floor" && max(height, width) <= 2
            case "half_pixel", "pytorch_half_pixel", "half_pixel_symmetric":
                rounding.hasPrefix("round_prefer")
            default: false
            }
        guard repeats else {
            throw unsupported("its choice of the nearest pixel does not just repeat pixels")
        }
        return scale
    }

    private func coordinates(_ node: NodeProto, _ size: Extent) throws(SemblanceError)
        -> ResizeLinear.Coordinates
    {
        guard opset >= 11, node.operatorName == "Resize" else { return .asymmetric }
        switch try node.string("coordinate_transformation_mode") ?? "half_pixel" {
        case "half_pixel": return .halfPixel
        case "pytorch_half_pixel" where size.height > 1 && size.width > 1: return .halfPixel
        case "align_corners": return .alignCorners
        case "asymmetric": return .asymmetric
        case let other: throw unsupported("coordinates of the kind \(other.quoted)")
        }
    }
}
