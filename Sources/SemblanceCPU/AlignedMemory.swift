import Foundation
import SemblanceCore

/// A block of memory that starts at a cache line.
final class AlignedMemory {
    static let alignment = 64

    let base: UnsafeMutableRawPointer
    let size: Int

    /// - Throws: `outOfMemory` with the size asked for.
    init(size: Int) throws(SemblanceError) {
        var pointer: UnsafeMutableRawPointer?
        guard posix_memalign(&pointer, Self.alignment, max(size, Self.alignment)) == 0, let pointer else {
            throw SemblanceError(
                .outOfMemory, "the host has no \(size / 1_048_576 + 1) MiB of memory left",
                remedy: "use a smaller batch or input size")
        }
        base = pointer
        self.size = size
        memset(pointer, 0, max(size, Self.alignment))
    }

    deinit { free(base) }

    var floats: UnsafeMutableBufferPointer<Float> {
        UnsafeMutableBufferPointer(
            start: base.assumingMemoryBound(to: Float.self), count: size / MemoryLayout<Float>.stride)
    }
}
