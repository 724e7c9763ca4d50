import SemblanceCore

extension Convolution {
    /// dx: the convolution of dy with the turned filters, or col2im(weights^T x dy) in chunks of images.
    package func lowerInputGradient(
        inputs: [DeviceTensor], outputs: [DeviceTensor], into lowering: inout Lowering
    ) {
        let dy = inputs[0], weight = inputs[1], dx = outputs[0]
        let shape = ConvolutionShape(self, x: dx.shape, weight: weight.shape, y: dy.shape)
        guard !shape.isDepthwise else {
            return shape.lowerDepthwiseInputGradient(dy: dy, weight: weight, dx: dx, into: &lowering)
        }
        if let gradient = shape.inputGradient,
            lowering.convolve(
                gradient, x: dy, filters: Filters(tensor: weight, areTurned: true), y: dx,
                epilogue: Epilogue())
        {
            return
        }
        let chunks = shape.chunks(on: lowering.traits)
        let largest = chunks.map(\.count).max() ?? 0
        let sideBySide =
            largest > 1
            && lowering.prefersSideBySide(
                shape, rows: shape.rows, depth: shape.outputs, images: largest, inHalf: dy.element == .half)
        if shape.isPointwise, !sideBySide {
            let columns = MatrixProduct.Operand(
                dx, leading: shape.positions, batchStride: shape.inputs * shape.positions,
                periodStride: shape.inputCount)
            lowering.product(shape.transposedProduct(shape.images, weight: weight, dy: dy, columns: columns))
            return
        }
        let columns = lowering.scratch([largest, shape.groups, shape.rows, shape.positions])
        let gathered = sideBySide ? lowering.scratch([largest, shape.outputCount], dy.element) : dy
        for chunk in chunks {
            let source = dy.part(from: chunk.lowerBound * shape.outputCount, dy.shape)
            let layout: ColumnLayout
            if sideBySide {
                layout = .sideBySide(shape, images: chunk.count)
                lowering.gather(shape, images: chunk.count, from: source, to: gathered)
                let width = chunk.count * shape.positions
                lowering.product(
                    MatrixProduct(
                        m: shape.rows, n: width, k: shape.outputs, batch: shape.groups,
                        a: .init(
                            weight, leading: shape.rows, transposed: true,
                            batchStride: shape.outputs * shape.rows),
                        b: .init(gathered, leading: width, batchStride: shape.outputs * width),
                        c: .init(columns, leading: width, batchStride: shape.rows * width)))
            } else {
                layout = .apart(shape)
                let operand = MatrixProduct.Operand(
                    columns, leading: shape.positions, batchStride: shape.rows * shape.positions,
                    periodStride: shape.columnCount)
                lowering.product(
                    shape.transposedProduct(chunk.count, weight: weight, dy: source, columns: operand))
            }
            lowering.col2im(
                shape, images: chunk.count, columns: columns,
                x: dx.part(from: chunk.lowerBound * shape.inputCount, dx.shape), layout: layout)
        }
    }
}

extension ConvolutionShape {
    /// columns = weights^T x dy of some images, each with its own columns.
    fileprivate func transposedProduct(
        _ images: Int, weight: DeviceTensor, dy: DeviceTensor, columns: MatrixProduct.Operand
    ) -> MatrixProduct {
        MatrixProduct(
            m: rows, n: positions, k: outputs, batch: images * groups, period: groups,
            a: .init(weight, leading: rows, transposed: true, batchStride: outputs * rows),
            b: .init(
                dy, leading: positions, batchStride: outputs * positions, periodStride: outputCount),
            c: columns)
    }
}
