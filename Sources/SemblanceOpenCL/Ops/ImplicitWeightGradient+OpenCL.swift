import SemblanceCore

extension Lowering {
    /// dweight = dy x columns^T by a product that gathers both: see implicitWeightGradient.cl.
    mutating func implicitWeightGradient(
        _ shape: ConvolutionShape, x: DeviceTensor, dy: DeviceTensor, dweight: DeviceTensor
    ) {
        let product = shape.weightProduct
        let choice = traits.weightGradientChoice(for: shape)
        let tile = choice?.tile ?? traits.weightGradientTile(for: shape)
        let tiles = tile.count(rows: product.outputs, columns: product.positions) * product.groups
        let parts = choice?.parts ?? traits.parts(of: product, tiles: tiles)
        inParts(parts, of: ProductTile.depth, product, y: dweight, epilogue: Epilogue()) {
            (lowering, target, _, parts, depth) in
            var defines = shape.kernelDefines.merging(tile.defines) { $1 }
            defines["PADDED"] = shape.isPadded ? 1 : 0
            defines["VECTOR_Y"] = shape.rows % 4 == 0 && target.offset % 4 == 0 ? 1 : 0
            lowering.launch(
                KernelLaunch(
                    "implicitWeightGradient", "implicit_weight_gradient", defines: defines,
                    arguments: [.tensor(x.named("x")), .tensor(dy.named("dy")), .tensor(target)]
                        + shape.walk + [.int(depth ?? product.rows)],
                    global: tile.globalSize(product, parts: parts), local: tile.localSize))
        }
    }
}

extension DeviceTraits {
    /// A sum over all images is long enough to be cut into parts where tiles are few; parts of this depth make little work of adding them
    /// up. Not measured.
    private static let partDepth = 1024

    func weightGradientTile(for shape: ConvolutionShape) -> ProductTile {
        let product = shape.weightProduct
        return tile(for: product, parts: max(product.rows / Self.partDepth, 1))
    }
}

extension ConvolutionShape {
    /// The product behind the weight gradient as a convolution: a position for each weight of an output channel, and an input channel for
    /// each position of every image.
    var weightProduct: ConvolutionShape {
        ConvolutionShape(
            images: 1, groups: groups, inputs: images * positions, outputs: outputs, size: Extent(1, rows),
            outputSize: Extent(1, rows), window: Window(kernel: Extent(1)))
    }

    /// Whether a window reaches beyond its image.
    fileprivate var isPadded: Bool {
        let (padding, reach, stride) = (window.padding, window.reach, window.stride)
        return padding.top > 0 || padding.left > 0
            || (outputSize.height - 1) * stride.height + reach.height - padding.top > size.height
            || (outputSize.width - 1) * stride.width + reach.width - padding.left > size.width
    }
}
