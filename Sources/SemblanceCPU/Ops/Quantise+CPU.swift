import CVectorKernels
import SemblanceCore

extension Quantisation {
    /// Writes bytes where integer products read them, and floats where anything else does.
    func lower(_ step: Step, _ lowering: Lowering) throws(SemblanceError) {
        let (x, y) = (step.inputs[0], step.outputs[0])
        let readers = lowering.readers(of: y)
        let takesBytes = readers.map { lowering.integerProduct($0) != nil }
        if takesBytes.contains(true) { try lowerBytes(x, y, lowering) }
        let isHosted = lowering.program[y].storage != .intermediate
        guard isHosted || takesBytes.isEmpty || takesBytes.contains(false) else { return }
        let source = try lowering.source(x)
        let (scale, zero) = (scale, Int32(zero))
        // A blocked layout's filling is 0 and stays so.
        let count = source.layout.size / 4
        try lowering.define(y, source.layout) { target in
            lowering.host("quantise", [source, target]) { memory, threads in
                parallel(count, block: 1 << 14, threads: threads) { _, range in
                    let start = range.lowerBound
                    semblance_quantise(memory[0] + start, range.count, scale, zero, memory[1] + start)
                }
            }
        }
    }

    private func lowerBytes(_ x: ValueID, _ y: ValueID, _ lowering: Lowering) throws(SemblanceError) {
        let shape = lowering.shape(x), stride = IntegerProduct.stride(shape)
        let source = try lowering.source(x, as: .channelsLast(shape))
        let (channels, rows) = (shape.channels, shape.count / shape.channels)
        let (scale, zero) = (scale, Int32(zero))
        let target = lowering.temporary(try MemoryDescriptor([rows * stride / 4]))
        lowering.setLevels(of: y, target)
        // A matrix of few rows is long ones: its columns are shared.
        let isFlat = stride == channels
        let (count, columns) = isFlat ? (1, rows * channels) : (rows, channels)
        lowering.host("quantise bytes", [source, target]) { memory, threads in
            let bytes = UnsafeMutableRawPointer(memory[1]).assumingMemoryBound(to: UInt8.self)
            let block = isFlat ? 1 << 13 : max((1 << 13) / columns, 1)
            parallel(isFlat ? columns : count, block: block, threads: threads) { _, range in
                let start = range.lowerBound
                if isFlat {
                    semblance_quantise_rows(
                        memory[0] + start, 1, range.count, scale, zero, bytes + start, range.count)
                } else {
                    semblance_quantise_rows(
                        memory[0] + start * columns, range.count, columns, scale, zero,
                        bytes + start * stride, stride)
                }
            }
        }
    }
}
