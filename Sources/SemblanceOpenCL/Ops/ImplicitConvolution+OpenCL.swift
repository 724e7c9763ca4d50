import SemblanceCore

/// What a work-group of implicit_gemm computes, and a work-item of it.
struct ProductTile: Hashable {
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
    func tile(for shape: ConvolutionShape) -> ProductTile {
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
                && tile.count(rows: shape.outputs, columns: columns) * shape.groups >= computeUnits
        } ?? ProductTile(rows: 64, columns: 64, itemRows: 4, itemColumns: 4)
    }

    /// Into how many parts the sum is cut where there are few tiles, as at batch 1. Depends on the shape and the device only, so that
    /// the order of the sum is fixed.
    fileprivate func parts(of shape: ConvolutionShape, tile: ProductTile) -> Int {
        let tiles =
            tile.count(rows: shape.outputs, columns: shape.images * shape.positions) * shape.groups
        guard tiles < computeUnits else { return 1 }
        return max(min(2 * computeUnits / tiles, shape.rows / 128), 1)
    }
}

extension Lowering {
    /// y = activation(filters x gathered columns + bias + residual).
    mutating func implicit(
        _ shape: ConvolutionShape, x: DeviceTensor, filters: Filters, y: DeviceTensor, epilogue: Epilogue
    ) {
        let tile = traits.tile(for: shape)
        let strides = filters.strides(shape), packedShape = tile.packedShape(shape)
        let packed = packed(filters.tensor, as: packedShape) { lowering, packed in
            lowering.launch(
                KernelLaunch(
                    "implicitGemm", "pack_filters", defines: shape.defines,
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
        let parts = traits.parts(of: shape, tile: tile)
        guard parts > 1 else {
            return implicitGemm(shape, tile, x: x, packed: packed, y: y, epilogue: epilogue)
        }
        let slices = (shape.rows + ProductTile.depth - 1) / ProductTile.depth
        let depth = (slices + parts - 1) / parts * ProductTile.depth
        let used = (shape.rows + depth - 1) / depth
        let partials = scratch([used, shape.images, shape.outputCount])
        implicitGemm(shape, tile, x: x, packed: packed, y: partials, parts: used, depth: depth)
        let c = MatrixProduct.Operand(
            y, leading: shape.positions, batchStride: shape.outputs * shape.positions,
            periodStride: shape.outputCount)
        reduce(
            partials, parts: used, into: c, m: shape.outputs, n: shape.positions,
            batch: shape.images * shape.groups, period: shape.groups, epilogue: epilogue)
    }

    private mutating func implicitGemm(
        _ shape: ConvolutionShape, _ tile: ProductTile, x: DeviceTensor, packed: DeviceTensor,
        y: DeviceTensor, epilogue: Epilogue = Epilogue(), parts: Int = 1, depth: Int? = nil
    ) {
        let paddedDepth = tile.packedShape(shape)[1]
        let isPointwise = shape.isPointwise
        let isAligned = shape.positions % 4 == 0
        let outputs = [y] + [epilogue.residual].compactMap { $0 }
        var defines = shape.defines.merging(tile.defines) { $1 }.merging(epilogue.defines) { $1 }
        defines["POINTWISE"] = isPointwise ? 1 : 0
        defines["WHOLE_TAPS"] = !isPointwise && shape.inputs % ProductTile.depth == 0 ? 1 : 0
        defines["VECTOR_X"] = isPointwise && isAligned && x.offset % 4 == 0 ? 1 : 0
        defines["VECTOR_Y"] = isAligned && outputs.allSatisfy { $0.offset % 4 == 0 } ? 1 : 0
        let columns = shape.images * shape.positions
        let groups = [
            (columns + tile.columns - 1) / tile.columns, (shape.outputs + tile.rows - 1) / tile.rows,
        ]
        let window = shape.window
        let geometry = [
            shape.images, shape.groups, shape.inputs, shape.outputs, shape.size.height, shape.size.width,
            window.stride.height, window.stride.width, window.dilation.height, window.dilation.width,
            window.padding.top, window.padding.left, shape.outputSize.height, shape.outputSize.width,
            paddedDepth, depth ?? paddedDepth,
        ]
        launch(
            KernelLaunch(
                "implicitGemm", "implicit_gemm", defines: defines,
                arguments: [.tensor(x.named("x")), .tensor(packed), .tensor(y.named("y"))]
                    + epilogue.arguments
                    + geometry.map(KernelArgument.int) + [.ulong(shape.images * shape.outputCount)],
                global: [
                    groups[0] * tile.localSize[0], groups[1] * tile.localSize[1], shape.groups * parts,
                ], local: tile.localSize))
    }
}

extension ConvolutionShape {
    fileprivate var defines: [String: Int] {
        ["KERNEL_HEIGHT": window.kernel.height, "KERNEL_WIDTH": window.kernel.width]
    }
}
