import COneDNN
import SemblanceCore

extension Op {
    /// add, multiply and divide, `b` broadcast where its dimensions are 1.
    func lowerBinary(_ step: Step, _ lowering: Lowering) throws(SemblanceError) {
        let a = try lowering.source(step.inputs[0])
        let sameShape = lowering.shape(step.inputs[0]) == lowering.shape(step.inputs[1])
        let b = try sameShape ? lowering.source(step.inputs[1], as: a.layout) : lowering.plain(step.inputs[1])
        var description = dnnl_binary_desc_t()
        var (first, second) = (a.layout.raw, b.layout.raw)
        var target = first
        try check("\(name) of \(lowering.shape(step.inputs[0])) and \(lowering.shape(step.inputs[1]))") {
            let kind =
                switch self {
                case .add: dnnl_binary_add
                case .divide: dnnl_binary_div
                default: dnnl_binary_mul
                }
            return dnnl_binary_desc_init(&description, kind, &first, &second, &target)
        }
        let descriptor = try PrimitiveDescriptor(name, description, on: lowering.engine)
        try lowering.define(step.outputs[0], a.layout) { target in
            lowering.primitive(
                name, descriptor, [(DNNL_ARG_SRC_0, a), (DNNL_ARG_SRC_1, b), (DNNL_ARG_DST, target)])
        }
    }

    func lowerReduceSum(_ step: Step, _ lowering: Lowering) throws(SemblanceError) {
        let x = lowering.shape(step.inputs[0]), y = lowering.shape(step.outputs[0])
        // Distance in y for a step in x along each axis: 0 where the axis is summed.
        let strides = zip(y.strides, y.dimensions).map { $1 == 1 ? 0 : $0 }
        let source = try lowering.plain(step.inputs[0])
        try lowering.definePlain(step.outputs[0]) { target in
            lowering.host(name, [source, target]) { memory, _ in
                var sums = [Double](repeating: 0, count: y.count)
                var position = [Int](repeating: 0, count: x.rank)
                var place = 0
                for index in 0..<x.count {
                    sums[place] += Double(memory[0][index])
                    var axis = x.rank - 1
                    while axis >= 0 {
                        position[axis] += 1
                        place += strides[axis]
                        if position[axis] < x[axis] { break }
                        place -= strides[axis] * x[axis]
                        position[axis] = 0
                        axis -= 1
                    }
                }
                for index in 0..<y.count { memory[1][index] = Float(sums[index]) }
            }
        }
    }

    /// dy [N,C,...] -> [C].
    func lowerBiasGradient(_ step: Step, _ lowering: Lowering) throws(SemblanceError) {
        let dy = lowering.shape(step.inputs[0])
        let (batch, channels, area) = (dy.batch, dy.channels, dy.spatialCount)
        let source = try lowering.plain(step.inputs[0])
        try lowering.definePlain(step.outputs[0]) { target in
            lowering.host(name, [source, target]) { memory, threads in
                parallel(channels, block: 1, threads: threads) { channel, _ in
                    var sum = 0.0
                    for image in 0..<batch {
                        let plane = memory[0] + (image * channels + channel) * area
                        for pixel in 0..<area { sum += Double(plane[pixel]) }
                    }
                    memory[1][channel] = Float(sum)
                }
            }
        }
    }
}

extension Dropout {
    func lower(_ step: Step, _ lowering: Lowering) throws(SemblanceError) {
        let count = lowering.shape(step.inputs[0]).count
        let (seed, threshold, scale) = (seed, threshold, scale)
        let source = try lowering.plain(step.inputs[0]), number = try lowering.plain(step.inputs[1])
        try lowering.definePlain(step.outputs[0]) { target in
            lowering.host("dropout", [source, number, target]) { memory, threads in
                let number = UInt32(memory[1][0])
                parallel(count, block: 1 << 14, threads: threads) { _, range in
                    for index in range {
                        let hash = Dropout.hash(
                            seed: seed, step: number, index: UInt32(truncatingIfNeeded: index))
                        memory[2][index] = hash < threshold ? 0 : memory[0][index] * scale
                    }
                }
            }
        }
    }
}
