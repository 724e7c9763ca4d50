import SemblanceCore

/// What the loss is multiplied by, so that gradients of activations that are small stay above half's smallest numbers: as large as the
/// gradient stays finite (Micikevicius et al., 2018). A power of two, which adds no rounding error.
public struct LossScale: Codable, Hashable, Sendable {
    /// The scale is 2^exponent.
    public private(set) var exponent: Int
    /// Steps with a finite gradient since the scale changed.
    private var finiteSteps = 0
    /// Steps whose gradient was not finite, which changed no weights.
    public private(set) var skippedSteps = 0

    /// Steps with a finite gradient after which the scale is doubled.
    package static let patience = 2000
    /// Squares of larger gradients would overflow in float.
    private static let largestExponent = 32

    package init(exponent: Int = 15) { self.exponent = exponent }

    package var factor: Float { Float(sign: .plus, exponent: exponent, significand: 1) }

    /// Takes in a step: one whose gradient is not finite halves the scale.
    /// - Returns: false where a scale of 1 is still too large, and the gradient itself must be what is not finite.
    package mutating func update(isFinite: Bool) -> Bool {
        guard isFinite else {
            skippedSteps += 1
            finiteSteps = 0
            guard exponent > 0 else { return false }
            exponent -= 1
            return true
        }
        finiteSteps += 1
        if finiteSteps == Self.patience {
            finiteSteps = 0
            exponent = min(exponent + 1, Self.largestExponent)
        }
        return true
    }
}
