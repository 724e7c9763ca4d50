import SemblanceCore

extension FullyConnected {
    /// y [N,M] = x [N,K] weight [M,K]^T + bias.
    package func lower(inputs: [DeviceTensor], outputs: [DeviceTensor], into lowering: inout Lowering) {
        let x = inputs[0], weight = inputs[1], y = outputs[0]
        let (n, k, m) = (x.shape[0], x.shape[1], weight.shape[0])
        lowering.product(
            MatrixProduct(
                m: n, n: m, k: k, a: .init(x, leading: k), b: .init(weight, leading: k, transposed: true),
                c: .init(y, leading: m),
                epilogue: Epilogue(bias: hasBias ? inputs[2] : nil, biasAxis: .columns)))
    }

    /// dx [N,K] = dy [N,M] weight [M,K].
    package static func lowerInputGradient(
        inputs: [DeviceTensor], outputs: [DeviceTensor], into lowering: inout Lowering
    ) {
        let dy = inputs[0], weight = inputs[1]
        let (n, m, k) = (dy.shape[0], dy.shape[1], weight.shape[1])
        lowering.product(
            MatrixProduct(
                m: n, n: k, k: m, a: .init(dy, leading: m), b: .init(weight, leading: k),
                c: .init(outputs[0], leading: k)))
    }

    /// dweight [M,K] = dy [N,M]^T x [N,K].
    package static func lowerWeightGradient(
        inputs: [DeviceTensor], outputs: [DeviceTensor], into lowering: inout Lowering
    ) {
        let x = inputs[0], dy = inputs[1]
        let (n, k, m) = (x.shape[0], x.shape[1], dy.shape[1])
        lowering.product(
            MatrixProduct(
                m: m, n: k, k: n, a: .init(dy, leading: m, transposed: true), b: .init(x, leading: k),
                c: .init(outputs[0], leading: k)))
    }
}
