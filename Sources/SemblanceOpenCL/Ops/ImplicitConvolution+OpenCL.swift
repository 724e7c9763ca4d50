import SemblanceCore

/// What a work-group computes of a product that gathers, and a work-item of it: see registerTile.cl.
struct ProductTile: Hashable, Sendable {
    /// Rows of a slice of the sum, for which there is room in local memory.
    static let depth = 16

    var rows: Int
    var columns: Int
    var itemRows: Int
    var itemColumns: Int

    var localSize: [Int] { [columns / itemColumns, rows / itemRows, 1] }
    var items: Int { localSize[0] * localSize[1] }

    func count(rows: Int, columns: Int) -> Int {
        ((rows + self.rows - 1) / self.rows) * ((columns + self.columns - 1) / self.columns)
    }

    /// The work-items of a product's whole tiles, for each group and part of the sum.
    func globalSize(_ shape: ConvolutionShape, parts: Int) -> [Int] {
        [
            (shape.images * shape.positions + columns - 1) / columns * localSize[0],
            (shape.outputs + rows - 1) / rows * localSize[1], shape.groups * parts,
        ]
    }

    /// The shape that filters are packed in: whole tiles.
    func packedShape(_ shape: ConvolutionShape) -> Shape {
        func rounded(_ count: Int, _ step: Int) -> Int { (count + step - 1) / step * step }
        return [shape.groups, rounded(shape.rows, Self.depth), rounded(shape.outputs, rows)]
    }

    var defines: [String: Int] {
        [
            "TILE_ROWS": rows, "TILE_COLUMNS": columns, "ITEM_ROWS": itemRows, "ITEM_COLUMNS": itemColumns,
            "DEPTH": Self.depth,
        ]
    }
}

extension DeviceTraits {
    /// The largest tile of which there are enough to keep every compute unit busy: large ones load less for each multiplication.
    /// - Parameter parts: into how many the sum may be cut.
    func tile(for shape: ConvolutionShape, parts: Int = 1) -> ProductTile {
        guard maxWorkGroup >= 256 else {
            return ProductTile(rows: 64, columns: 64, itemRows: 8, itemColumns: 8)
        }
        let large = [
            ProductTile(rows: 128, columns: 128, itemRows: 8, itemColumns: 8),
            ProductTile(rows: 64, columns: 128, itemRows: 8, itemColumns: 8),
        ]
        let columns = shape.images * shape.positions
        return large.first { tile in
            // No tile of which half is empty.
            shape.outputs > tile.rows / 2
                && tile.count(rows: shape.outputs, columns: columns) * shape.groups * parts >= computeUnits
        } ?? ProductTile(rows: 64, columns: 64, itemRows: 4, itemColumns: 4)
    }

    /// Into how many parts the sum is cut where there are few tiles, as at batch 1. Depends on the shape and the device only, so that
    /// the order of the sum is fixed.
    /// - Parameter tiles: of the whole product.
    func parts(of shape: ConvolutionShape, tiles: Int) -> Int {
        guard tiles < computeUnits else { return 1 }
        return max(min(2 * computeUnits / tiles, shape.rows / 128), 1)
    }
}

extension Lowering {
    /// y = activation(filters x gathered columns + bias + residual).
    mutating func implicit(
        _ shape: ConvolutionShape, x: DeviceTensor, filters: Filters, y: DeviceTensor, epilogue: Epilogue
    ) {
        let tile = traits.choice(for: shape)?.tile ?? traits.tile(for: shape)
        let strides = filters.strides(shape), packedShape = tile.packedShape(shape)
        let packed = packed(filters.tensor, as: packedShape) { lowering, packed in
            lowering.launch(
                KernelLaunch(
                    "implicitGemm", "pack_filters", defines: shape.kernelDefines,
                    arguments: [
                        .tensor(filters.tensor), .tensor(packed), .int(shape.outputs), .int(shape.inputs),
                        .ulong(strides.group), .ulong(strides.output), .ulong(strides.input),
                        .int(filters.areTurned ? 1 : 0),
                    ], global: [packedShape[2], packedShape[1], packedShape[0]], local: [64, 1, 1]))
        }
        implicitProduct(shape, tile, x: x, packed: packed, y: y, epilogue: epilogue)
    }

    /// As `implicit`, with filters that are packed in `tile.packedShape`.
    mutating func implicitProduct(
        _ shape: ConvolutionShape, _ tile: ProductTile, x: DeviceTensor, packed: DeviceTensor,
        y: DeviceTensor, epilogue: Epilogue = Epilogue()
    ) {
        let tiles = tile.count(rows: shape.outputs, columns: shape.images * shape.positions) * shape.groups
        let parts = traits.choice(for: shape)?.parts ?? traits.parts(of: shape, tiles: tiles)
        inParts(parts, of: ProductTile.depth, shape, y: y, epilogue: epilogue) {
            (lowering, y, epilogue, parts, depth) in
            lowering.implicitGemm(
                shape, tile, x: x, packed: packed, y: y, epilogue: epilogue, parts: parts, depth: depth)
        }
    }

    /// Has `multiply` compute y with its epilogue, or parts of the sum, each so deep, that are added up in order.
    /// - Parameter slice: what a part's depth is a multiple of.
    mutating func inParts(
        _ parts: Int, of slice: Int, _ shape: ConvolutionShape, y: DeviceTensor, epilogue: Epilogue,
        _ multiply: (inout Lowering, DeviceTensor, Epilogue, _ parts: Int, _ depth: Int?) -> Void
    ) {
        guard parts > 1 else { return multiply(&self, y, epilogue, 1, nil) }
        let slices = (shape.rows + slice - 1) / slice
        let depth = (slices + parts - 1) / parts * slice
        let used = (shape.rows + depth - 1) / depth
        let partials = scratch([used, shape.images, shape.outputCount])
        multiply(&self, partials, Epilogue(), used, depth)
        let c = MatrixProduct.Operand(
            y, leading: shape.positions, batchStride: shape.outputs * shape.positions,
            periodStride: shape.outputCount)
        reduce(
            partials, parts: used, into: c, m: shape.outputs, n: shape.positions,
            batch: shape.images * shape.groups, period: shape.groups, epilogue: epilogue)
    }

    private mutating func implicitGemm(
        _ shape: ConvolutionShape, _ tile: ProductTile, x: DeviceTensor, packed: DeviceTensor,
        y: DeviceTensor, epilogue: Epilogue, parts: Int, depth: Int?
    ) {
        let paddedDepth = tile.packedShape(shape)[1]
        let isPointwise = shape.isPointwise
        let isAligned = shape.positions % 4 == 0
        let outputs = [y] + [epilogue.residual].compactMap { $0 }
        var defines = shape.kernelDefines.merging(tile.defines) { $1 }.merging(epilogue.defines) { $1 }
        defines["POINTWISE"] = isPointwise ? 1 : 0
        defines["WHOLE_TAPS"] = !isPointwise && shape.inputs % ProductTile.depth == 0 ? 1 : 0
        defines["VECTOR_X"] = isPointwise && isAligned && x.offset % 4 == 0 ? 1 : 0
        defines["VECTOR_Y"] = isAligned && outputs.allSatisfy { $0.offset % 4 == 0 } ? 1 : 0
        launch(
            KernelLaunch(
                "implicitGemm", "implicit_gemm", defines: defines,
                arguments: [.tensor(x.named("x")), .tensor(packed), .tensor(y.named("y"))]
                    + epilogue.arguments
                    + shape.gathering(paddedDepth: paddedDepth, partDepth: depth),
                global: tile.globalSize(shape, parts: parts), local: tile.localSize))
    }
}

extension ConvolutionShape {
    /// How a kernel that gathers walks its windows.
    var kernelDefines: [String: Int] {
        ["KERNEL_HEIGHT": window.kernel.height, "KERNEL_WIDTH": window.kernel.width]
    }

    /// The parameters for that.
    var walk: [KernelArgument] {
        [
            images, groups, inputs, outputs, size.height, size.width, window.stride.height,
            window.stride.width,
            window.dilation.height, window.dilation.width, window.padding.top, window.padding.left,
            outputSize.height, outputSize.width,
        ].map(KernelArgument.int)
    }

    /// The parameters of a kernel that computes y from `images` on.
    /// - Parameter partDepth: of the sum, for each part of it; nil for all.
    func gathering(paddedDepth: Int, partDepth: Int?) -> [KernelArgument] {
        walk + [.int(paddedDepth), .int(partDepth ?? paddedDepth), .ulong(images * outputCount)]
    }
}
