/// A function applied to each element.
public enum Activation: Hashable, Sendable {
    case relu
    /// x where positive, slope * x elsewhere.
    case leakyRelu(slope: Float)
    /// As leaky ReLU with one learnt slope for each channel (He et al., 2015).
    case prelu
    case sigmoid
    case tanh
    /// alpha * x + beta, kept in [0, 1].
    case hardSigmoid(alpha: Float, beta: Float)
    /// x times its hard sigmoid with alpha 1/6 and beta 1/2 (Howard et al., 2019). NaN at minus infinity, as the formula gives.
    case hardSwish
    /// x kept in [low, high]; either may be infinite. ReLU6 is `clip(low: 0, high: 6)`.
    case clip(low: Float, high: Float)
    /// NaN below 0; the slope at 0 is infinite.
    case squareRoot
    /// x to the power of `exponent`, as C's `pow`: NaN for negative x unless the exponent is whole, and 1, with slope 0, for exponent 0.
    case power(exponent: Float)

    /// What is wrong with the parameters, or nil.
    var flaw: String? {
        switch self {
        case .hardSigmoid(let alpha, let beta) where !alpha.isFinite || !beta.isFinite:
            "alpha and beta must be finite"
        case .clip(let low, let high) where !(low <= high):
            "the low bound \(low) is not below the high bound \(high)"
        case .power(let exponent) where !exponent.isFinite: "the exponent must be finite"
        default: nil
        }
    }
}

/// A 2-D cross-correlation, and what is applied to its result: y = activation(conv(x) + bias + residual).
public struct Convolution: Hashable, Sendable {
    public var window: Window
    public var groups: Int
    public var hasBias: Bool
    public var hasResidual: Bool
    public var activation: Activation?

    public init(
        window: Window, groups: Int = 1, hasBias: Bool = false, hasResidual: Bool = false,
        activation: Activation? = nil
    ) {
        self.window = window
        self.groups = groups
        self.hasBias = hasBias
        self.hasResidual = hasResidual
        self.activation = activation
    }

    /// The same product without bias, residual and activation: what the backward operations see.
    public var bare: Convolution { Convolution(window: window, groups: groups) }
}

/// A matrix product with the weights of a layer: y = activation(x weight^T + bias).
public struct FullyConnected: Hashable, Sendable {
    public var hasBias: Bool

    public init(hasBias: Bool) { self.hasBias = hasBias }
}

/// Batch normalisation (Ioffe and Szegedy, 2015). `momentum` weighs the new batch in the running statistics.
public struct BatchNorm: Hashable, Sendable {
    public var epsilon: Float
    public var momentum: Float

    public init(epsilon: Float = 1e-5, momentum: Float = 0.1) {
        self.epsilon = epsilon
        self.momentum = momentum
    }
}

/// Average pooling; `countsPadding` divides by the whole window even where it hangs over the edge.
public struct AveragePool: Hashable, Sendable {
    public var window: Window
    public var countsPadding: Bool

    public init(window: Window, countsPadding: Bool = false) {
        self.window = window
        self.countsPadding = countsPadding
    }
}

/// Dropout. An element is dropped where `Dropout.hash(seed, step, index)` < rate * 2^32.
public struct Dropout: Hashable, Sendable {
    public var rate: Float
    public var seed: UInt32

    public init(rate: Float, seed: UInt32) {
        self.rate = rate
        self.seed = seed
    }

    /// Elements whose hash is below this are dropped.
    public var threshold: UInt32 { UInt32(min(max(Double(rate), 0) * 0x1p32, 0x1p32 - 1)) }
    /// 32 scattered bits for an element: MurmurHash3's finaliser (Appleby) over the index, keyed by seed and step.
    /// Every backend computes just this, so that they drop the same elements.
    public static func hash(seed: UInt32, step: UInt32, index: UInt32) -> UInt32 {
        func finalise(_ value: UInt32) -> UInt32 {
            var h = value
            h = (h ^ (h >> 16)) &* 0x85EB_CA6B
            h = (h ^ (h >> 13)) &* 0xC2B2_AE35
            return h ^ (h >> 16)
        }
        return finalise(finalise(index ^ finalise(seed)) &+ finalise(step ^ 0x9E37_79B9))
    }

    /// What the kept elements are multiplied by.
    public var scale: Float { 1 / (1 - rate) }
}

/// Softmax cross-entropy with an additive margin on the label's logit: s * (cos(theta) ...).
public struct MarginSoftmax: Hashable, Sendable {
    public enum Margin: Hashable, Sendable {
        /// Logits are used as they are, times the scale.
        case none
        /// cos(theta + m) (ArcFace, Deng et al., 2019); beyond theta = pi - m, where that would rise again, cos(theta) - m sin(pi - m).
        /// Cosines are clamped to [-1, 1]. The derivative's sin(theta) is taken as at least sqrt(1e-7), which only 1, -1 and what lies
        /// beyond them meet, so that it stays finite.
        case arcFace(Float)
        /// cos(theta) - m (CosFace, Wang et al., 2018).
        case cosFace(Float)
    }

    public var margin: Margin
    /// s: multiplies the logits before the softmax.
    public var scale: Float

    public init(margin: Margin, scale: Float) {
        self.margin = margin
        self.scale = scale
    }
}

/// Elements of the `hyper` input [8] of the optimiser operations: what changes from step to step.
public enum Hyperparameter: Int, CaseIterable, Sendable {
    case learningRate
    /// The largest L2 norm of the whole gradient; larger ones are scaled down to it. Infinity for none.
    case clipNorm
    /// 1 / (1 - beta1^t) and 1 / (1 - beta2^t), for AdamW.
    case firstMomentCorrection
    case secondMomentCorrection
    /// e, where the loss was multiplied by 2^e: gradients are divided by that before anything else. A whole number.
    case lossScaleExponent

    public static let count = 8
}

/// Stochastic gradient descent as PyTorch has it: g += decay * p; v = momentum * v + g; p -= rate * v.
public struct SGD: Hashable, Sendable {
    public var momentum: Float
    public var weightDecay: Float

    public init(momentum: Float, weightDecay: Float) {
        self.momentum = momentum
        self.weightDecay = weightDecay
    }
}

/// Adam with decoupled weight decay (Loshchilov and Hutter, 2019).
public struct AdamW: Hashable, Sendable {
    public var beta1: Float
    public var beta2: Float
    public var epsilon: Float
    public var weightDecay: Float

    public init(beta1: Float = 0.9, beta2: Float = 0.999, epsilon: Float = 1e-8, weightDecay: Float) {
        self.beta1 = beta1
        self.beta2 = beta2
        self.epsilon = epsilon
        self.weightDecay = weightDecay
    }
}
