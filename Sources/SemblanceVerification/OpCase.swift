import SemblanceCore

/// What an input of a case is filled with, afresh in every run.
package enum Fill: Sendable, Hashable {
    case normal
    /// Uniform in a range.
    case uniform(ClosedRange<Float>)
    /// Whole numbers in a range: many ties and zeros.
    case integers(ClosedRange<Int>)
    /// All different, with gaps that rounding does not bridge.
    case distinct
    /// Normal around a mean, to show sums that cancel.
    case shifted(mean: Float)
    case fixed([Float])
    /// Cosines of random angles away from 0 and pi, the label's at times very near them.
    case cosines
    /// [C] of input `of`: its mean, or 1 / sqrt(variance + epsilon), over everything but the channel.
    case channelMean(of: Int)
    case channelInverseDeviation(of: Int, epsilon: Float)
    /// Pixels of any colour, packed.
    case pixels
    /// Views of so many pictures of up to so many pixels: whole pixels apart, turned, enlarged, shrunk and past the edge.
    case views(pictures: Int, capacity: Int)
}

/// One operation with shapes and the data that it is to be tested and timed with.
package struct OpCase: Sendable {
    package struct Input: Sendable {
        package var shape: Shape
        package var fill: Fill
    }

    package struct Output: Sendable {
        package var shape: Shape
        /// The length of the sum behind an element: decides the tolerance.
        package var reduction: Int
        /// Where the operation updates in place: what is there before.
        package var before: Fill?
        /// The tolerance's scale where the sum may cancel to almost nothing; otherwise the largest element is the scale.
        package var scale: Float = 0
    }

    package var name: String
    package var op: Op
    package var inputs: [Input]
    package var outputs: [Output]
    /// Inputs that are constants at inference and parameters in training; backends may pack them.
    package var parameters: Range<Int> = 0..<0

    package init(_ op: Op, _ detail: String, _ inputs: [Input], _ outputs: [Output]) {
        name = "\(op.name) \(detail)"
        self.op = op
        self.inputs = inputs
        self.outputs = outputs
    }

    /// The number of elements of all tensors.
    package var size: Int {
        inputs.reduce(0) { $0 + $1.shape.count } + outputs.reduce(0) { $0 + $1.shape.count }
    }

    /// Whether the reference takes no time to speak of.
    package var isSmall: Bool { size <= 4096 }

    /// Floating-point operations of products; 0 for everything that moves data rather than computes.
    package var operations: Int {
        switch op {
        case .convolution, .convolutionInputGradient, .convolutionWeightGradient, .fullyConnected,
            .fullyConnectedInputGradient, .fullyConnectedWeightGradient:
            2 * outputs[0].shape.count * outputs[0].reduction
        default: 0
        }
    }

    package static let all: [OpCase] =
        convolutions + convolutionGradients + products + normalisations + activations + elements + windows
        + forms + warps + searches + losses
        + optimisers

    /// For a look at a device in well below a minute: small cases of each operation, more of the products', and the largest of each
    /// whose reference takes no more than a fraction of a second.
    package static let brief: [OpCase] = {
        let medium = all.filter { $0.size <= 65_536 && $0.operations <= 20_000_000 }
        let products = medium.filter { $0.operations > 0 }.enumerated().filter { $0.offset % 3 == 0 }
        let largest = Dictionary(grouping: medium, by: \.family).values.compactMap { cases in
            cases.max { ($0.operations, $0.size) < ($1.operations, $1.size) }
        }
        let names = Set((few(6) + largest + products.map(\.element)).map(\.name))
        return all.filter { names.contains($0.name) }
    }()

    /// An operation, and which activation it is: they have code of their own.
    private var family: String {
        switch op {
        case .activation(let activation), .activationGradient(let activation):
            "\(op.name) \(String(describing: activation).prefix { $0 != "(" })"
        default: op.name
        }
    }

    /// A few small cases of each operation, those that differ most in the order of the table.
    package static func few(_ count: Int) -> [OpCase] {
        Dictionary(grouping: all.filter { $0.size <= 1024 }, by: \.family).sorted { $0.key < $1.key }
            .flatMap { _, cases in
                cases.count <= count ? cases : (0..<count).map { cases[$0 * (cases.count - 1) / (count - 1)] }
            }
    }
}

extension OpCase: CustomStringConvertible {
    package var description: String { name }
}

extension OpCase.Input {
    init(_ shape: Shape, _ fill: Fill = .normal) {
        self.shape = shape
        self.fill = fill
    }
}

extension OpCase.Output {
    init(_ shape: Shape, reduction: Int = 1, before: Fill? = nil, scale: Float = 0) {
        self.shape = shape
        self.reduction = reduction
        self.before = before
        self.scale = scale
    }
}
