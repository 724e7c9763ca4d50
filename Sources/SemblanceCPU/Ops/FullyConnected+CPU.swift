import COneDNN
import SemblanceCore

extension FullyConnected {
    func lower(_ step: Step, _ lowering: Lowering) throws(SemblanceError) {
        if try lowering.lowerIntegers(step) { return }
        if try lowerScan(step, lowering) { return }
        let (x, weight, y) = (step.inputs[0], step.inputs[1], step.outputs[0])
        let what = "a fully connected layer of \(lowering.shape(x)) with \(lowering.shape(weight))"
        var description = dnnl_inner_product_desc_t()
        var source = try MemoryDescriptor(lowering.shape(x)).raw
        var weights = try MemoryDescriptor.any(lowering.shape(weight)).raw
        var bias = try MemoryDescriptor([lowering.shape(weight)[0]]).raw
        var target = try MemoryDescriptor(lowering.shape(y)).raw
        try check(what) {
            withUnsafeMutablePointer(to: &bias) { bias in
                dnnl_inner_product_forward_desc_init(
                    &description, dnnl_forward_inference, &source, &weights, hasBias ? bias : nil, &target)
            }
        }
        let descriptor = try PrimitiveDescriptor(what, description, on: lowering.engine)
        var arguments = [
            (DNNL_ARG_SRC, try lowering.plain(x)),
            (DNNL_ARG_WEIGHTS, try lowering.source(weight, as: descriptor.layout(DNNL_ARG_WEIGHTS))),
        ]
        if hasBias { arguments.append((DNNL_ARG_BIAS, try lowering.plain(step.inputs[2]))) }
        try lowering.definePlain(y) { target in
            lowering.primitive("fullyConnected", descriptor, arguments + [(DNNL_ARG_DST, target)])
        }
    }

    private static let asIs = CChar(UInt8(ascii: "N"))
    private static let transposed = CChar(UInt8(ascii: "T"))

    /// dx [N,K] = dy [N,M] weight [M,K].
    static func lowerInputGradient(_ step: Step, _ lowering: Lowering) throws(SemblanceError) {
        let dy = lowering.shape(step.inputs[0]), weight = lowering.shape(step.inputs[1])
        let (n, m, k) = (dnnl_dim_t(dy[0]), dnnl_dim_t(weight[0]), dnnl_dim_t(weight[1]))
        let inputs = [try lowering.plain(step.inputs[0]), try lowering.plain(step.inputs[1])]
        try lowering.definePlain(step.outputs[0]) { target in
            lowering.host("fullyConnectedInputGradient", inputs + [target]) { memory, _ in
                _ = dnnl_sgemm(Self.asIs, Self.asIs, n, k, m, 1, memory[0], m, memory[1], k, 0, memory[2], k)
            }
        }
    }

    /// dweight [M,K] = dy^T [M,N] x [N,K].
    static func lowerWeightGradient(_ step: Step, _ lowering: Lowering) throws(SemblanceError) {
        let x = lowering.shape(step.inputs[0]), dy = lowering.shape(step.inputs[1])
        let (n, m, k) = (dnnl_dim_t(x[0]), dnnl_dim_t(dy[1]), dnnl_dim_t(x[1]))
        let inputs = [try lowering.plain(step.inputs[0]), try lowering.plain(step.inputs[1])]
        try lowering.definePlain(step.outputs[0]) { target in
            lowering.host("fullyConnectedWeightGradient", inputs + [target]) { memory, _ in
                _ = dnnl_sgemm(
                    Self.transposed, Self.asIs, m, k, n, 1, memory[1], m, memory[0], k, 0, memory[2], k)
            }
        }
    }
}
