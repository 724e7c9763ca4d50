/// How OpenCL devices compute convolutions. A layer that the algorithm does not suit takes `im2col`, and the plan's kernels show it.
/// Depthwise convolutions have a kernel of their own under every policy; the CPU's backend chooses by itself.
public enum ConvolutionPolicy: String, Sendable, CaseIterable {
    /// By layer, batch and device.
    case automatic = "auto"
    /// Columns of the image in memory, and a matrix product: the reference path, for every layer.
    case im2col
    /// A matrix product that gathers the columns as it goes, without a buffer for them; gradients only of stride 1.
    case implicit
    /// Winograd's transforms, of the size that takes fewer multiplications: 3x3 layers of stride 1.
    case winograd
    /// As `winograd`, with tiles of 2x2 outputs, F(2x2, 3x3).
    case winograd2
    /// As `winograd`, with tiles of 4x4 outputs, F(4x4, 3x3).
    case winograd4
}
