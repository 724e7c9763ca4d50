import SemblanceCore

extension Convolution {
    /// dweight = dy x columns^T, summed over the positions of all images, by the algorithm that the policy and the shape lead to.
    package func lowerWeightGradient(
        inputs: [DeviceTensor], outputs: [DeviceTensor], into lowering: inout Lowering
    ) {
        let x = inputs[0], dy = inputs[1], dweight = outputs[0]
        let shape = ConvolutionShape(self, x: x.shape, weight: dweight.shape, y: dy.shape)
        guard !shape.isDepthwise else {
            return shape.lowerDepthwiseWeightGradient(x: x, dy: dy, dweight: dweight, into: &lowering)
        }
        switch lowering.traits.weightGradientAlgorithm(for: shape) {
        case .implicit: lowering.implicitWeightGradient(shape, x: x, dy: dy, dweight: dweight)
        case .tensorCores(let operand):
            lowering.tensorWeightGradient(operand, shape, x: x, dy: dy, dweight: dweight)
        case .columns, .winograd:
            shape.lowerWeightGradientColumns(x: x, dy: dy, dweight: dweight, into: &lowering)
        }
    }
}

extension ConvolutionShape {
    /// With columns in memory: a chunk of images in one product, chunk after chunk.
    fileprivate func lowerWeightGradientColumns(
        x: DeviceTensor, dy: DeviceTensor, dweight: DeviceTensor, into lowering: inout Lowering
    ) {
        let shape = self
        let chunks = shape.chunks(on: lowering.traits)
        let largest = chunks.map(\.count).max() ?? 0
        // A single image is in place as it is.
        let isPlain = largest == 1
        let columns =
            isPlain && shape.isPointwise
            ? x : lowering.scratch([shape.groups, shape.rows, largest, shape.positions], x.element)
        let gathered = isPlain ? dy : lowering.scratch([largest, shape.outputCount], dy.element)
        for (index, chunk) in chunks.enumerated() {
            let source = x.part(from: chunk.lowerBound * shape.inputCount, x.shape)
            let gradient = dy.part(from: chunk.lowerBound * shape.outputCount, dy.shape)
            let width = chunk.count * shape.positions
            var a = gradient, b = source
            if !isPlain {
                lowering.gather(shape, images: chunk.count, from: gradient, to: gathered)
                a = gathered
            }
            if !(isPlain && shape.isPointwise) {
                lowering.im2col(
                    shape, images: chunk.count, x: source, columns: columns,
                    layout: .sideBySide(shape, images: chunk.count))
                b = columns
            }
            lowering.product(
                MatrixProduct(
                    m: shape.outputs, n: shape.rows, k: width, batch: shape.groups, beta: index == 0 ? 0 : 1,
                    a: .init(a, leading: width, batchStride: shape.outputs * width),
                    b: .init(b, leading: width, transposed: true, batchStride: shape.rows * width),
                    c: .init(dweight, leading: shape.rows, batchStride: shape.outputs * shape.rows)))
        }
    }
}
