import COneDNN
import CVectorKernels

/// Which version of our own convolutions serves.
package enum Vectors: UInt32, Comparable, CaseIterable, Sendable {
    case none = 0
    case avx2 = 8
    case avx512 = 16

    /// Floats of a vector.
    var floats: Int { Int(rawValue) }
    /// Outputs of a panel, which a product computes at a time.
    var panel: Int { 2 * floats }
    /// What reading weights for the first time costs, in rows that are multiplied with them meanwhile: they come from the last cache or from memory.
    /// Measured on a Xeon with AVX-512 and an EPYC with AVX2, as whole networks were fastest.
    var reading: Int { self == .avx512 ? 26 : 8 }
    /// What transforming a channel of a tile costs, in multiplications: it comes from memory or the last cache; twice that where both factors of a product
    /// leave the second cache. Measured on an EPYC with AVX2; with AVX-512 products take half the time, and transforms as long.
    var transforming: Int { self == .avx512 ? 40 : 20 }
    var raw: semblance_vectors { semblance_vectors(rawValue) }

    package static func < (left: Vectors, right: Vectors) -> Bool { left.rawValue < right.rawValue }

    /// The widest that the processor has, and that oneDNN may use: its environment variable ONEDNN_MAX_CPU_ISA limits both.
    package static var widest: Vectors {
        let limit: Vectors =
            switch dnnl_get_effective_cpu_isa() {
            case dnnl_cpu_isa_sse41, dnnl_cpu_isa_avx: .none
            case dnnl_cpu_isa_avx2, dnnl_cpu_isa_avx2_vnni: .avx2
            default: .avx512
            }
        return min(limit, Vectors(rawValue: semblance_widest_vectors().rawValue) ?? .none)
    }
}
