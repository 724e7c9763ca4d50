import SemblanceCore

extension Lowering {
    /// y = activation(convolution + bias + residual) by Winograd's F(outputs x outputs, 3 x 3), in chunks of images.
    mutating func winograd(
        _ outputs: Int, _ shape: ConvolutionShape, x: DeviceTensor, filters: Filters, y: DeviceTensor,
        epilogue: Epilogue
    ) {
        let frequencies = (outputs + 2) * (outputs + 2)
        let tiles = shape.winogradTiles(outputs)
        let chunks = shape.chunks(
            of: frequencies * (shape.inputs + shape.outputs) * tiles.count,
            limit: traits.winogradElements)
        let largest = chunks.map(\.count).max() ?? 0
        // Multiples of four, for vectors.
        func width(_ images: Int) -> Int { (images * tiles.count + 3) / 4 * 4 }
        let tile =
            traits.choice(for: shape)?.tile
            ?? traits.tile(for: shape.frequencyProducts(frequencies, width: width(largest)))
        let packed = transformed(filters, shape, outputs, tile: tile)
        let columns = scratch([frequencies, shape.inputs, width(largest)])
        let products = scratch([frequencies, shape.outputs, width(largest)])
        for chunk in chunks {
            let source = x.part(from: chunk.lowerBound * shape.inputCount, x.shape)
            let start = chunk.lowerBound * shape.outputCount
            let target = y.part(from: start, y.shape)
            var tail = epilogue
            tail.residual = epilogue.residual?.part(from: start, y.shape)
            let grid = [tiles.height, tiles.width, width(chunk.count)].map(KernelArgument.int)
            let padding = shape.window.padding
            launchImages(
                "winograd", "winograd_input", defines: ["OUT": outputs], positions: width(chunk.count),
                rows: shape.inputs, images: 1, group: 64,
                [.tensor(source.named("x")), .tensor(columns), .int(chunk.count), .int(shape.size.height)]
                    + [.int(shape.size.width), .int(padding.top), .int(padding.left)] + grid)
            multiply(
                shape.frequencyProducts(frequencies, width: width(chunk.count)), tile, packed, columns,
                into: products)
            let isAligned =
                shape.outputSize.width % 4 == 0
                && [target, tail.residual].allSatisfy { ($0?.offset ?? 0) % 4 == 0 }
            let defines = ["OUT": outputs, "VECTOR_Y": isAligned ? 1 : 0].merging(tail.defines) { $1 }
            launchImages(
                "winograd", "winograd_output_\(outputs)", defines: defines, positions: width(chunk.count),
                rows: shape.outputs, images: 1, group: 64,
                [.tensor(products), .tensor(target.named("y"))] + tail.arguments
                    + [.int(chunk.count), .int(shape.outputSize.height), .int(shape.outputSize.width)] + grid)
        }
    }

    /// The filters' transforms, in the layout of packed filters.
    private mutating func transformed(
        _ filters: Filters, _ shape: ConvolutionShape, _ outputs: Int, tile: ProductTile
    ) -> DeviceTensor {
        let frequencies = (outputs + 2) * (outputs + 2)
        let packedShape = tile.packedShape(shape.frequencyProducts(frequencies, width: 1))
        let strides = filters.strides(shape)
        return packed(filters.tensor, as: packedShape) { lowering, packed in
            lowering.launch(
                KernelLaunch(
                    "winograd", "winograd_filter", defines: ["OUT": outputs],
                    arguments: [
                        .tensor(filters.tensor), .tensor(packed), .int(shape.outputs), .int(shape.inputs),
                        .ulong(strides.output), .ulong(strides.input), .int(filters.areTurned ? 1 : 0),
                    ], global: [packedShape[2], packedShape[1]], local: [64, 1]))
        }
    }

    /// The products of all frequencies: by implicit_gemm on GPUs, and by the usual ones for CPUs and where one is asked for.
    private mutating func multiply(
        _ shape: ConvolutionShape, _ tile: ProductTile, _ packed: DeviceTensor, _ columns: DeviceTensor,
        into products: DeviceTensor
    ) {
        guard !traits.isGPU || traits.gemm != .automatic || tile.items > traits.maxWorkGroup else {
            return implicitProduct(shape, tile, x: columns, packed: packed, y: products)
        }
        let (depth, rows) = (packed.shape[1], packed.shape[2])
        product(
            MatrixProduct(
                m: shape.outputs, n: shape.positions, k: shape.inputs, batch: shape.groups,
                a: .init(packed, leading: rows, transposed: true, batchStride: depth * rows),
                b: .init(columns, leading: shape.positions, batchStride: shape.inputCount / shape.groups),
                c: .init(products, leading: shape.positions, batchStride: shape.outputCount / shape.groups)))
    }
}

extension ConvolutionShape {
    /// Winograd's products as a convolution: a group for each frequency, a position for each tile.
    fileprivate func frequencyProducts(_ frequencies: Int, width: Int) -> ConvolutionShape {
        ConvolutionShape(
            images: 1, groups: frequencies, inputs: inputs, outputs: outputs, size: Extent(1, width),
            outputSize: Extent(1, width), window: Window(kernel: Extent(1)))
    }
}
