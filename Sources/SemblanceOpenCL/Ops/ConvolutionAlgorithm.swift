import SemblanceCore

/// How one convolution is computed.
enum ConvolutionAlgorithm: Hashable, Sendable {
    /// Columns in memory and a product.
    case columns
    /// A product that gathers its columns.
    case implicit
    /// A product that gathers its columns, on tensor cores.
    case tensorCores(TensorOperand)
    /// Winograd's transforms with tiles of so many outputs in both directions.
    case winograd(outputs: Int)
}

extension ConvolutionShape {
    /// The kernels count positions of all images, and places within an image, in 32 bits.
    private var fitsIndices: Bool {
        images * positions < 1 << 30 && inputs * size.count < 1 << 30 && outputs * rows < 1 << 30
            && outputs * positions < 1 << 30
    }

    var suitsImplicit: Bool { fitsIndices }

    /// Images smaller than the filter are left out: most taps would meet only padding, and yet add their rounding error to all outputs.
    var suitsWinograd: Bool {
        fitsIndices && groups == 1 && window.kernel == Extent(3) && window.stride == Extent(1)
            && window.dilation == Extent(1) && min(size.height, size.width) >= 3
    }

    /// Winograd's tiles in an image.
    func winogradTiles(_ outputs: Int) -> Extent {
        Extent((outputSize.height + outputs - 1) / outputs, (outputSize.width + outputs - 1) / outputs)
    }

    /// The size of tile that takes fewer multiplications: small images leave much of large tiles empty. The smaller one, which rounds
    /// less, where they are equal.
    var winogradOutputs: Int {
        winogradTiles(4).count * 36 < winogradTiles(2).count * 16 ? 4 : 2
    }
}

extension DeviceTraits {
    /// How a product that gathers multiplies.
    private var gathering: ConvolutionAlgorithm {
        maxWorkGroup >= 256 ? tensorOperand.map(ConvolutionAlgorithm.tensorCores) ?? .implicit : .implicit
    }

    /// Whether a product that gathers can compute the shape: it takes work-groups of 64 at least.
    func gathers(_ shape: ConvolutionShape) -> Bool { shape.suitsImplicit && maxWorkGroup >= 64 }

    /// Tensor cores where they may be used. Else what tuning has found, and else: on GPUs Winograd for 3x3 layers of stride 1 with enough channels, and tiles
    /// for its products; everything else gathers. CPU devices keep columns, whose product has long vectors and no local memory. The limits for GPUs are
    /// not measured.
    func algorithm(for shape: ConvolutionShape) -> ConvolutionAlgorithm {
        let gathers = gathers(shape)
        switch convolution {
        case .im2col: return .columns
        case .implicit: return gathers ? gathering : .columns
        case .winograd: return shape.suitsWinograd ? .winograd(outputs: shape.winogradOutputs) : .columns
        case .winograd2: return shape.suitsWinograd ? .winograd(outputs: 2) : .columns
        case .winograd4: return shape.suitsWinograd ? .winograd(outputs: 4) : .columns
        case .automatic:
            if let choice = choice(for: shape) { return choice.algorithm }
            guard isGPU, gathers else { return .columns }
            // No transforms of rounded operands: they multiply the rounding.
            guard tensorOperand == nil else { return gathering }
            let outputs = shape.winogradOutputs
            let isWorthIt =
                min(shape.inputs, shape.outputs) >= 64
                && shape.images * shape.winogradTiles(outputs).count >= 64
            return shape.suitsWinograd && isWorthIt ? .winograd(outputs: outputs) : .implicit
        }
    }
}

extension DeviceTraits {
    /// As `algorithm`, for the weight gradient: it gathers where the convolution may, and has columns else.
    func weightGradientAlgorithm(for shape: ConvolutionShape) -> ConvolutionAlgorithm {
        let gathering = gathers(shape) ? gathering : .columns
        switch convolution {
        case .im2col, .winograd, .winograd2, .winograd4: return .columns
        case .implicit: return gathering
        case .automatic:
            return weightGradientChoice(for: shape)?.algorithm ?? (isGPU ? gathering : .columns)
        }
    }
}

extension Lowering {
    /// Computes a convolution without columns in memory.
    /// - Returns: false where policy and shape ask for columns; nothing is done then.
    mutating func convolve(
        _ shape: ConvolutionShape, x: DeviceTensor, filters: Filters, y: DeviceTensor, epilogue: Epilogue
    ) -> Bool {
        switch traits.algorithm(for: shape) {
        case .columns: return false
        case .implicit: implicit(shape, x: x, filters: filters, y: y, epilogue: epilogue)
        case .tensorCores(let operand):
            tensorProduct(operand, shape, x: x, filters: filters, y: y, epilogue: epilogue)
        case .winograd(let outputs):
            winograd(outputs, shape, x: x, filters: filters, y: y, epilogue: epilogue)
        }
        return true
    }
}
