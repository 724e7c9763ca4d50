/// Which implementation computes matrix products.
package enum GemmPolicy: String, Sendable, CaseIterable {
    /// By device and size: see `Lowering.product`.
    case automatic
    /// CLBlast for everything.
    case clblast
    /// The kernel in gemm.cl with tiles in local memory, made for GPUs.
    case tiled
    /// The kernel in gemm.cl with one work-item a tile and long vectors, made for CPUs.
    case vector
}
