/// What an operation costs at least, whatever computes it.
public struct OpWork: Sendable, Hashable {
    /// Multiplications and additions, of the direct algorithm.
    public var operations: Int
    /// Every input read once and every output written once.
    public var bytes: Int

    public init(operations: Int, bytes: Int) {
        self.operations = operations
        self.bytes = bytes
    }

    public static func + (left: OpWork, right: OpWork) -> OpWork {
        OpWork(operations: left.operations + right.operations, bytes: left.bytes + right.bytes)
    }
}

extension Op {
    /// - Parameters: the shapes that the operation reads and writes, as its case says, in single precision.
    public func work(inputs: [Shape], outputs: [Shape]) -> OpWork {
        let elements = (inputs + outputs).reduce(0) { $0 + $1.count }
        return OpWork(
            operations: products(inputs, outputs).map { 2 * $0 } ?? outputs.reduce(0) { $0 + $1.count },
            bytes: 4 * elements)
    }

    /// Multiplications of operations that are sums of products; nil for others, of which an operation an element is counted.
    private func products(_ inputs: [Shape], _ outputs: [Shape]) -> Int? {
        /// Each element of y is a sum over a filter.
        func convolution(y: Shape, weight: Shape) -> Int { y.count * (weight.count / max(weight[0], 1)) }
        switch self {
        case .convolution: return convolution(y: outputs[0], weight: inputs[1])
        case .convolutionInputGradient: return convolution(y: inputs[0], weight: inputs[1])
        case .convolutionWeightGradient: return convolution(y: inputs[1], weight: outputs[0])
        case .fullyConnected, .fullyConnectedInputGradient: return inputs[0].batch * inputs[1].count
        case .fullyConnectedWeightGradient: return inputs[0].batch * outputs[0].count
        case .topScores: return inputs[0].batch * inputs[1].count
        default: return nil
        }
    }
}

extension Program {
    /// Of all steps; what passes between them counts for both.
    public func work(in precision: Precision) -> OpWork {
        let elements = elements(precision)
        return steps.map { work(of: $0, stored: elements) }.reduce(OpWork(operations: 0, bytes: 0), +)
    }

    /// - Parameter elements: what each value is stored as; nil for single precision.
    public func work(of step: Step, stored elements: [Element]? = nil) -> OpWork {
        var work = step.op.work(inputs: step.inputs.map(shape), outputs: step.outputs.map(shape))
        if let elements {
            work.bytes = (step.inputs + step.outputs).reduce(0) {
                $0 + shape(of: $1).count * elements[$1.index].size
            }
        }
        return work
    }
}
