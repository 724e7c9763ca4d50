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
            lowering.launch(
                KernelLaunch(
                    "implicitWeightGradient", "implicit_weight_gradient",
                    defines: shape.weightDefines(target, vector: 4).merging(tile.defines) { $1 },
                    arguments: shape.weightArguments(x, dy, target, partDepth: depth),
                    global: tile.globalSize(product, parts: parts), local: tile.localSize))
        }
    }

    /// The same on tensor cores, with rounded operands: see tensorWeightGradient.cl.
    mutating func tensorWeightGradient(
        _ operand: TensorOperand, _ shape: ConvolutionShape, x: DeviceTensor, dy: DeviceTensor,
        dweight: DeviceTensor
    ) {
        let product = shape.weightProduct
        let tile = traits.tensorTile(for: product, parts: product.weightParts), tiles = tile.count(product)
        let parts = traits.parts(of: product, tiles: tiles.rows * tiles.columns * product.groups)
        let tileDefines = tile.defines(operand, on: traits)
        inParts(parts, of: operand.sliceDepth, product, y: dweight, epilogue: Epilogue()) {
            (lowering, target, _, parts, depth) in
            lowering.launch(
                KernelLaunch(
                    "tensorWeightGradient",
                    operand == .half ? "tensor_weight_gradient_half" : "tensor_weight_gradient_tf32",
                    defines: shape.weightDefines(target, vector: 2).merging(tileDefines) { $1 },
                    arguments: shape.weightArguments(x, dy, target, partDepth: depth),
                    global: tile.globalSize(product, parts: parts), local: [tile.items, 1, 1]))
        }
    }
}

extension DeviceTraits {
    func weightGradientTile(for shape: ConvolutionShape) -> ProductTile {
        tile(for: shape.weightProduct, parts: shape.weightProduct.weightParts)
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

    /// Of such a product: a sum over all images is long enough to be cut up where tiles are few, and parts of this depth make little work of
    /// adding them up. Not measured.
    fileprivate var weightParts: Int { max(rows / 1024, 1) }

    /// The defines of weightGradientWalk.cl, and whether `target` may be written in vectors.
    fileprivate func weightDefines(_ target: DeviceTensor, vector: Int) -> [String: Int] {
        var defines = kernelDefines
        defines["PADDED"] = isPadded ? 1 : 0
        defines["VECTOR_Y"] = rows % vector == 0 && target.offset % vector == 0 ? 1 : 0
        return defines
    }

    fileprivate func weightArguments(
        _ x: DeviceTensor, _ dy: DeviceTensor, _ target: DeviceTensor, partDepth: Int?
    ) -> [KernelArgument] {
        [.tensor(x.named("x")), .tensor(dy.named("dy")), .tensor(target)] + walk
            + [.int(partDepth ?? weightProduct.rows)]
    }

    /// Whether a window reaches beyond its image.
    fileprivate var isPadded: Bool {
        let (padding, reach, stride) = (window.padding, window.reach, window.stride)
        return padding.top > 0 || padding.left > 0
            || (outputSize.height - 1) * stride.height + reach.height - padding.top > size.height
            || (outputSize.width - 1) * stride.width + reach.width - padding.left > size.width
    }
}
