import CVectorKernels
import SemblanceCore

/// A large layer for a single image: reading the weights, each once, is all that takes time, and oneDNN's product does it at half of what the memory gives.
/// The search's scan does not: it reads parts of all outputs' weights as if they were short rows, one behind the other.
extension FullyConnected {
    /// Inputs of a part.
    private static let part = 512
    /// Bytes of weights that no second-level cache holds.
    private static let least = 4 << 20

    /// Lowers a step so; false where it does not suit.
    func lowerScan(_ step: Step, _ lowering: Lowering) throws(SemblanceError) -> Bool {
        let shape = lowering.shape(step.inputs[1]), (outputs, inputs) = (shape[0], shape[1])
        guard lowering.shape(step.inputs[0])[0] == 1, shape.count * 4 >= Self.least,
            let weights = lowering.constant(step.inputs[1])
        else { return false }
        let parts = (inputs + Self.part - 1) / Self.part
        func range(_ part: Int) -> Range<Int> { part * Self.part..<min((part + 1) * Self.part, inputs) }
        let (packed, base) = try lowering.constantMemory(size: weights.count * 4)
        var next = base.assumingMemoryBound(to: Float.self)
        weights.withUnsafeBufferPointer { weights in
            for part in 0..<parts {
                for output in 0..<outputs {
                    for input in range(part) {
                        next.pointee = weights[output * inputs + input]
                        next += 1
                    }
                }
            }
        }
        let sums = lowering.temporary(try MemoryDescriptor([parts, outputs]))
        var places = [try lowering.plain(step.inputs[0]), packed, sums]
        if hasBias { places.append(try lowering.plain(step.inputs[2])) }
        let hasBias = hasBias
        try lowering.definePlain(step.outputs[0]) { target in
            lowering.host("fullyConnected scan", [target] + places) { memory, threads in
                let (y, x, weights, sums) = (memory[0], memory[1], memory[2], memory[3])
                parallel(parts, block: 1, threads: threads) { part, _ in
                    let range = range(part), start = range.lowerBound
                    semblance_scan(
                        x + start, weights + start * outputs, outputs, range.count, sums + part * outputs)
                }
                for output in 0..<outputs {
                    var sum = hasBias ? memory[4][output] : 0
                    for part in 0..<parts { sum += sums[part * outputs + output] }
                    y[output] = sum
                }
            }
        }
        return true
    }
}
