import SemblanceCore

extension Convolution {
    /// y = activation(convolution + bias + residual), by the algorithm that the policy and the shape lead to.
    package func lower(inputs: [DeviceTensor], outputs: [DeviceTensor], into lowering: inout Lowering) {
        let x = inputs[0], weight = inputs[1], y = outputs[0]
        let shape = ConvolutionShape(self, x: x.shape, weight: weight.shape, y: y.shape)
        let epilogue = Epilogue(
            bias: biasIndex.map { inputs[$0] }, residual: residualIndex.map { inputs[$0] },
            activation: activation, slope: slopeIndex.map { inputs[$0] })
        guard !shape.isDepthwise else {
            return shape.lowerDepthwise(x: x, weight: weight, y: y, epilogue: epilogue, into: &lowering)
        }
        let filters = Filters(tensor: weight)
        guard !lowering.convolve(shape, x: x, filters: filters, y: y, epilogue: epilogue) else { return }
        shape.lowerColumns(x: x, weight: weight, y: y, epilogue: epilogue, into: &lowering)
    }
}

extension ConvolutionShape {
    /// y = activation(weights x columns + bias + residual), in chunks of images.
    fileprivate func lowerColumns(
        x: DeviceTensor, weight: DeviceTensor, y: DeviceTensor, epilogue: Epilogue,
        into lowering: inout Lowering
    ) {
        let shape = self
        let chunks = shape.chunks(on: lowering.traits)
        let largest = chunks.map(\.count).max() ?? 0
        let sideBySide =
            largest > 1
            && lowering.prefersSideBySide(
                shape, rows: shape.outputs, depth: shape.rows, images: largest, inHalf: x.element == .half)
        if shape.isPointwise, !sideBySide {
            let columns = MatrixProduct.Operand(
                x, leading: shape.positions, batchStride: shape.inputs * shape.positions,
                periodStride: shape.inputCount)
            lowering.product(
                shape.product(0..<shape.images, weight: weight, columns: columns, y: y, epilogue: epilogue))
            return
        }
        let columns = lowering.scratch(
            [largest, shape.groups, shape.rows, shape.positions], x.element)
        let result = sideBySide ? lowering.scratch([largest, shape.outputCount]) : y
        for chunk in chunks {
            let part = x.part(from: chunk.lowerBound * shape.inputCount, x.shape)
            guard sideBySide else {
                lowering.im2col(
                    shape, images: chunk.count, x: part, columns: columns, layout: .apart(shape))
                let operand = MatrixProduct.Operand(
                    columns, leading: shape.positions, batchStride: shape.rows * shape.positions,
                    periodStride: shape.columnCount)
                lowering.product(
                    shape.product(chunk, weight: weight, columns: operand, y: y, epilogue: epilogue))
                continue
            }
            lowering.im2col(
                shape, images: chunk.count, x: part, columns: columns,
                layout: .sideBySide(shape, images: chunk.count))
            let width = chunk.count * shape.positions
            lowering.product(
                MatrixProduct(
                    m: shape.outputs, n: width, k: shape.rows, batch: shape.groups,
                    a: .init(weight, leading: shape.rows, batchStride: shape.outputs * shape.rows),
                    b: .init(columns, leading: width, batchStride: shape.rows * width),
                    c: .init(result, leading: width, batchStride: shape.outputs * width)))
            let start = chunk.lowerBound * shape.outputCount
            var tail = epilogue
            tail.residual = epilogue.residual?.part(from: start, y.shape)
            lowering.launchImages(
                "convolution", "scatter_images", defines: tail.defines, positions: shape.positions,
                rows: shape.groups * shape.outputs, images: chunk.count,
                [.tensor(result), .tensor(y.part(from: start, y.shape).named("y"))] + tail.arguments
                    + [.int(shape.positions)])
        }
    }
}

extension ConvolutionShape {
    /// The products of all groups of some images, each with its own columns.
    func product(
        _ chunk: Range<Int>, weight: DeviceTensor, columns: MatrixProduct.Operand, y: DeviceTensor,
        epilogue: Epilogue
    ) -> MatrixProduct {
        let start = chunk.lowerBound * outputCount
        var epilogue = epilogue
        epilogue.residual = epilogue.residual?.part(from: start, y.shape)
        return MatrixProduct(
            m: outputs, n: positions, k: rows, batch: chunk.count * groups, period: groups,
            a: .init(weight, leading: rows, batchStride: outputs * rows), b: columns,
            c: .init(
                y.part(from: start, y.shape), leading: positions, batchStride: outputs * positions,
                periodStride: outputCount),
            epilogue: epilogue)
    }
}
