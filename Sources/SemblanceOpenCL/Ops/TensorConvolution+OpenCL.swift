import SemblanceCore

/// What operands are rounded to on their way to tensor cores.
package enum TensorOperand: Sendable, Hashable {
    case half, tf32

    /// Operands in a word of 32 bits.
    var perWord: Int { self == .half ? 2 : 1 }
    /// Operands in a slice of the depth: 64 bytes.
    var sliceDepth: Int { 16 * perWord }
}

extension Precision {
    /// What tensor cores may be given.
    var tensorOperand: TensorOperand? {
        switch self {
        case .float: nil
        case .tf32: .tf32
        case .half: .half
        }
    }
}

/// What a work-group of tensor_gemm computes, and a warp of it.
struct TensorTile: Hashable {
    /// Words of a row in a slice.
    private static let rowWords = 16
    private static let lanes = 32

    var rows: Int
    var columns: Int
    var warpRows: Int
    var warpColumns: Int

    var warps: Int { rows / warpRows * (columns / warpColumns) }
    var items: Int { warps * Self.lanes }

    /// The work-items of a product's whole tiles, for each group and part of the sum.
    func globalSize(_ shape: ConvolutionShape, parts: Int) -> [Int] {
        [count(shape).columns * items, count(shape).rows, shape.groups * parts]
    }

    /// Tiles of a group's product, down and across.
    func count(_ shape: ConvolutionShape) -> (rows: Int, columns: Int) {
        let width = shape.images * shape.positions
        return ((shape.outputs + rows - 1) / rows, (width + columns - 1) / columns)
    }

    /// Slices that local memory holds: more hide more of the way from global memory. 48 KiB are what every device with tensor cores has without asking.
    func stages(on traits: DeviceTraits) -> Int {
        let exchange = traits.emulatesWarps ? warps * 192 * 4 : 0
        let room = min(traits.localMemory, 48 << 10) - exchange
        return max(min(room / ((rows + columns) * Self.rowWords * 4), 4), 2)
    }

    /// Filters in words: tiles of all groups, slices, words of a tile's slice.
    func packedShape(_ shape: ConvolutionShape, _ operand: TensorOperand) -> Shape {
        let slices = (shape.rows + operand.sliceDepth - 1) / operand.sliceDepth
        return [shape.groups * count(shape).rows, slices, rows * Self.rowWords]
    }

    func defines(_ operand: TensorOperand, on traits: DeviceTraits) -> [String: Int] {
        [
            "TF32": operand == .tf32 ? 1 : 0, "EMULATED": traits.emulatesWarps ? 1 : 0, "TILE_ROWS": rows,
            "TILE_COLUMNS": columns, "WARP_ROWS": warpRows, "WARP_COLUMNS": warpColumns,
        ]
    }
}

extension DeviceTraits {
    /// The largest tile of which there are enough for all compute units, as for `tile(for:parts:)`; not measured.
    func tensorTile(for shape: ConvolutionShape, parts: Int = 1) -> TensorTile {
        let large = [
            TensorTile(rows: 128, columns: 128, warpRows: 64, warpColumns: 32),
            TensorTile(rows: 64, columns: 128, warpRows: 32, warpColumns: 32),
        ]
        return large.first { tile in
            let tiles = tile.count(shape)
            return shape.outputs > tile.rows / 2
                && tiles.rows * tiles.columns * shape.groups * parts >= computeUnits
        } ?? TensorTile(rows: 64, columns: 64, warpRows: 32, warpColumns: 32)
    }
}

extension Lowering {
    /// y = activation(filters x gathered columns + bias + residual), with rounded operands.
    mutating func tensorProduct(
        _ operand: TensorOperand, _ shape: ConvolutionShape, x: DeviceTensor, filters: Filters,
        y: DeviceTensor,
        epilogue: Epilogue
    ) {
        let tile = traits.tensorTile(for: shape), tiles = tile.count(shape)
        let strides = filters.strides(shape), packedShape = tile.packedShape(shape, operand)
        var defines = shape.kernelDefines.merging(tile.defines(operand, on: traits)) { $1 }
        defines["STAGES"] = tile.stages(on: traits)
        let packed = packed(filters.tensor, as: packedShape) { lowering, packed in
            lowering.launch(
                KernelLaunch(
                    "tensorCores", "pack_fragments", defines: defines,
                    arguments: [
                        .tensor(filters.tensor), .tensor(packed), .int(shape.outputs), .int(shape.inputs),
                        .int(tiles.rows), .ulong(strides.group), .ulong(strides.output),
                        .ulong(strides.input),
                        .int(filters.areTurned ? 1 : 0),
                    ], global: [packedShape[2], packedShape[1], packedShape[0]], local: [64, 1, 1]))
        }
        let parts = traits.parts(of: shape, tiles: tiles.rows * tiles.columns * shape.groups)
        inParts(parts, of: operand.sliceDepth, shape, y: y, epilogue: epilogue) {
            (lowering, y, epilogue, parts, depth) in
            let width = operand == .half ? 2 : 4
            let outputs = [y] + [epilogue.residual].compactMap { $0 }
            var defines = defines.merging(epilogue.defines) { $1 }
            defines["POINTWISE"] = shape.isPointwise ? 1 : 0
            defines["WHOLE_TAPS"] = !shape.isPointwise && shape.inputs % operand.sliceDepth == 0 ? 1 : 0
            defines["VECTOR_X"] =
                shape.isPointwise && shape.positions % width == 0 && x.offset % width == 0 ? 1 : 0
            defines["VECTOR_Y"] =
                shape.positions % 2 == 0 && outputs.allSatisfy { $0.offset % 2 == 0 } ? 1 : 0
            lowering.launch(
                KernelLaunch(
                    "tensorCores", operand == .half ? "tensor_gemm_half" : "tensor_gemm_tf32",
                    defines: defines,
                    arguments: [.tensor(x.named("x")), .tensor(packed), .tensor(y.named("y"))]
                        + epilogue.arguments
                        + shape.gathering(
                            paddedDepth: packedShape[1] * operand.sliceDepth, partDepth: depth),
                    global: tile.globalSize(shape, parts: parts), local: [tile.items, 1, 1]))
        }
    }
}
