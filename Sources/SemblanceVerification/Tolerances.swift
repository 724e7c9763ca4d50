import SemblanceCore

/// Every tolerance of the project's tests, and of `doctor` and `--check-every`.
package enum Tolerances {
    /// max|a - reference| <= 4e-7 sqrt(K) max|reference|, with K the length of the sum behind an element.
    package static func absolute(reduction: Int, largest: Double) -> Double {
        4e-7 * Double(max(reduction, 1)).squareRoot() * largest
    }

    /// As `absolute`, for a product on tensor cores of operands whose rounding the reference shares. Products are exact there, and sums are cut off rather
    /// than rounded, which does not even out: at most 2^-23 of the sum for each instruction, which adds 8 products of TF32 or 16 of halves.
    package static func tensorCores(reduction: Int, largest: Double) -> Double {
        absolute(reduction: reduction, largest: largest) + Double(reduction + 7) / 8 * 0x1p-23 * largest
    }

    /// Half of the distance between two halves, relative to them, and the same below the smallest normal half.
    package static let halfRounding = (relative: 0x1p-11, absolute: 0x1p-25)
    /// From here on a number becomes infinity in half.
    package static let halfOverflow = 65520.0

    /// |a - reference| / |reference| over a whole tensor, for a convolution by our F(m x m, 3 x 3), whose products are sums of so many terms.
    ///
    /// These are the channels, and the rounding error is about 4e-7 sqrt(channels) of a product's size at most, as in
    /// `absolute`. For independent data of variance 1 frequency t has variance channels |G_t|^2 |B_t|^2 in each direction, and an
    /// output adds the errors up with weights A_to^2, where a direct sum has variance 9 channels: the error grows by
    /// mean_o(sum_t A_to^2 |G_t|^2 |B_t|^2) / 3, both directions together. `WinogradTests` computes that factor from the matrices.
    /// For the gradient of the weights the terms are tiles, and the factor is the same, as its transforms are these ones' transposes.
    package static func winograd(outputs: Int, terms: Int) -> Double {
        4e-7 * Double(max(terms, 1)).squareRoot() * (outputs == 2 ? 1.67 : 4.78)
    }

    /// Central differences against a derivative, both in double precision, relative to the largest derivative.
    package static let centralDifference = 1e-6
    /// The cosine between two backends' embeddings of one image.
    package static let embeddingCosine = 0.9999
    /// How far two backends may be apart in the cosine of one pair of images; nearer to the threshold than that, either verdict will do.
    package static let similarity = 1e-3
    /// As `embeddingCosine`, for activations in half and in float. A network of 50 layers rounds a value some 50 times by 2^-11 / sqrt(3) of
    /// itself at most: together 2e-3 of its length if these are independent, which is 1 - 2e-6 in the cosine.
    package static let halfCosine = 0.9999
    /// As `similarity`, likewise: 2e-3 in both embeddings of a pair.
    package static let halfSimilarity = 3e-3
    /// As `embeddingCosine`, for a network with values on 8-bit levels. Where two backends' roundings stand on two sides of a middle, a value is a whole
    /// level off, and what follows from it crosses other middles: embeddings of SFace were apart by up to 6e-4 between devices that compute
    /// all operations right. A device that does not is off by far more.
    package static let quantisedCosine = 0.998
    /// As `similarity`, likewise: a difference of sqrt(2 (1 - 0.998)) of an embedding's length, in a direction of 128 that has nothing to do with the
    /// other's, changes a cosine by 0.006.
    package static let quantisedSimilarity = 0.01
    /// What a device that computes so is held to. Operands rounded to TF32 are as far off as halves.
    /// - Parameter isQuantised: whether the network rounds values to levels.
    package static func embeddings(_ precision: Precision, isQuantised: Bool = false) -> (
        cosine: Double, similarity: Double
    ) {
        if isQuantised { return (quantisedCosine, quantisedSimilarity) }
        return precision == .float ? (embeddingCosine, similarity) : (halfCosine, halfSimilarity)
    }
    /// As `embeddingCosine`, for two algorithms on one device.
    package static let algorithmCosine = 0.99999
    /// The relative difference of two backends' losses at any of the first 20 steps.
    package static let lossCurve = 3e-4
    /// As `lossCurve`, for activations in half and in float.
    package static let halfLossCurve = 0.02
    /// The largest difference between our embedding and ONNX Runtime's.
    package static let onnxRuntime = 1e-4
    /// Relative to the largest element, against PyTorch's single precision, on small shapes.
    package static let torch = 2e-5
    /// As `torch`, through several operations, with s = 32 multiplying the cosines' rounding.
    package static let torchComposed = 1e-4
    /// A network before and after its batch norms are folded into single-precision weights, relative to the largest element.
    package static let folding = 2e-5
    /// Relative L2 of a quantised network's result on two backends: a value that rounding moves across the middle between two levels is a
    /// whole step off, and some of thousands are.
    package static let quantisedNetwork = 0.02
    /// As `torch`, after six steps of training: losses, weights and statistics.
    package static let torchTraining = 5e-4
}

/// How far an output may be from the reference.
package enum Tolerance: Sendable {
    /// Each element, by the length of its sum, relative to the largest element or `scale`.
    case elements(reduction: Int, scale: Double)
    /// As `elements`, for sums that tensor cores add up.
    case tensorElements(reduction: Int, scale: Double)
    /// Each element, relative to the largest.
    case relativeToLargest(Double)
    /// The whole tensor, in relative L2.
    case relativeL2(Double)

    /// What is wrong with `got`, with the worst element, or nil.
    package func failure(got: [Float], want: [Double], shape: Shape) -> String? {
        compare(got: got, want: want, shape: shape).failure
    }

    /// How far `got` is from what it should be.
    /// - Parameter inHalf: elements were rounded to half: what that does to each by itself is not counted, and numbers beyond the largest
    ///   half are infinite.
    package func compare(got: [Float], want: [Double], shape: Shape, inHalf: Bool = false) -> Comparison {
        guard got.count == want.count else {
            return Comparison(wrong: "\(got.count) elements instead of \(want.count)")
        }
        var worst = 0, largest = 0.0, squaredError = 0.0, squaredNorm = 0.0
        var worstError = -1.0
        for (index, (a, exact)) in zip(got, want).enumerated() {
            let overflows = inHalf && abs(exact) >= Tolerances.halfOverflow
            let b = overflows ? Double(signOf: exact, magnitudeOf: .infinity) : exact
            // Where the reference is not finite the backend must say the same.
            if !b.isFinite || !a.isFinite {
                let same = b.isNaN ? a.isNaN : Double(a) == b
                if same { continue }
                return Comparison(wrong: "element \(shape.coordinates(of: index)) is \(a), not \(b)")
            }
            let rounding =
                inHalf
                ? max(Tolerances.halfRounding.relative * abs(b), Tolerances.halfRounding.absolute) : 0
            let error = max(abs(Double(a) - b) - rounding, 0)
            if error > worstError { (worst, worstError) = (index, error) }
            largest = max(largest, abs(b))
            squaredError += error * error
            squaredNorm += b * b
        }
        func judge(_ allowed: Double, of scale: Double) -> Comparison {
            var comparison = Comparison(
                difference: max(worstError, 0) / max(scale, .leastNormalMagnitude),
                allowed: allowed / max(scale, .leastNormalMagnitude))
            guard worstError > allowed else { return comparison }
            let wrong = zip(got, want).count { abs(Double($0) - $1) > allowed }
            comparison.failure = """
                element \(shape.coordinates(of: worst)) of \(shape) is \(got[worst]), not \(want[worst]): off by \
                \(worstError), allowed \(allowed); \(wrong) of \(got.count) elements are wrong
                """
            return comparison
        }
        switch self {
        case .elements(let reduction, let scale):
            let scale = max(largest, scale)
            return judge(Tolerances.absolute(reduction: reduction, largest: scale), of: scale)
        case .tensorElements(let reduction, let scale):
            let scale = max(largest, scale)
            return judge(Tolerances.tensorCores(reduction: reduction, largest: scale), of: scale)
        case .relativeToLargest(let relative):
            return judge(relative * largest, of: largest)
        case .relativeL2(let allowed):
            let error = (squaredError / max(squaredNorm, .leastNormalMagnitude)).squareRoot()
            var comparison = Comparison(difference: error, allowed: allowed)
            guard error > allowed else { return comparison }
            comparison.failure = """
                relative L2 error \(error), allowed \(allowed); worst element \(shape.coordinates(of: worst)) of \
                \(shape) is \(got[worst]), not \(want[worst])
                """
            return comparison
        }
    }
}

/// How an output compares with the reference.
package struct Comparison: Sendable {
    /// What is wrong, or nil.
    package var failure: String?
    /// The largest difference of an element relative to the largest element, or the relative L2 error.
    package var difference: Double
    /// How large that may be.
    package var allowed: Double

    init(difference: Double, allowed: Double) {
        self.difference = difference
        self.allowed = allowed
    }

    /// For outputs that cannot be compared.
    init(wrong failure: String) {
        self.failure = failure
        (difference, allowed) = (.infinity, 0)
    }
}

/// What a kernel rounds the operands of its products to, as its name tells.
package enum OperandRounding: Sendable {
    case half, tf32

    /// - Returns: nil where no kernel of a plan rounds.
    package init?(kernels: [String]) {
        if kernels.contains(where: { ["tensor_gemm_half", "tensor_weight_gradient_half"].contains($0) }) {
            self = .half
        } else if kernels.contains(where: {
            ["tensor_gemm_tf32", "tensor_weight_gradient_tf32"].contains($0)
        }) {
            self = .tf32
        } else {
            return nil
        }
    }

    /// To the nearest half, or even; to the nearest of TF32's 10 bits behind the point, ties away from zero.
    package func rounded(_ value: Float) -> Float {
        guard value.isFinite else { return value }
        switch self {
        case .half: return Float(Float16(value))
        case .tf32: return Float(bitPattern: (value.bitPattern + 0x1000) & 0xFFFF_E000)
        }
    }
}

extension OpCase {
    /// The tolerance of an output: Winograd's for a plan that says by the tile in a kernel's name that it took Winograd.
    func tolerance(for output: Output, kernels: [String]) -> Tolerance {
        let plain = Tolerance.elements(reduction: output.reduction, scale: Double(output.scale))
        if OperandRounding(kernels: kernels) != nil {
            return .tensorElements(reduction: output.reduction, scale: Double(output.scale))
        }
        for outputs in [2, 4]
        where kernels.contains(where: {
            $0 == "winograd_output_\(outputs)" || $0.contains(" winograd_\(outputs)x")
        }) {
            let isGradient = if case .convolutionWeightGradient = op { true } else { false }
            let terms = output.reduction / (isGradient ? outputs * outputs : 9)
            return .relativeL2(Tolerances.winograd(outputs: outputs, terms: terms))
        }
        return plain
    }
}
