/// How OpenCL devices store activations and multiply them. The CPU's backend computes in `float`, whatever is asked for.
///
/// Parameters, statistics, gradients of parameters, optimisers, losses, inputs and outputs are float under every choice.
public enum Precision: String, Sendable, CaseIterable, Codable {
    /// Single precision throughout.
    case float
    /// As `float`, but convolutions multiply operands rounded to TF32, with sums of floats, where the device has tensor cores that compute so.
    case tf32
    /// Activations and their gradients are stored in half; sums are in float. On tensor cores convolutions round their filters to half too.
    case half

    /// Whether activations are stored in half.
    public var storesHalf: Bool { self == .half }
}

/// What an element of a tensor is stored as.
public enum Element: String, Sendable, Hashable {
    case float, half

    /// Bytes.
    public var size: Int { self == .half ? 2 : 4 }
}
