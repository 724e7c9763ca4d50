import Foundation
import SemblanceCore

/// A block of memory that starts at a cache line; a large one asks for huge pages, without which a pass over it waits for
/// address translation.
final class AlignedMemory {
    static let alignment = 64
    private static let hugePage = 2 << 20

    let base: UnsafeMutableRawPointer
    let size: Int

    /// - Throws: `outOfMemory` with the size asked for.
    init(size: Int) throws(SemblanceError) {
        var pointer: UnsafeMutableRawPointer?
        let isLarge = size >= 2 * Self.hugePage
        let alignment = isLarge ? Self.hugePage : Self.alignment
        guard posix_memalign(&pointer, alignment, max(size, alignment)) == 0, let pointer else {
            throw SemblanceError(
                .outOfMemory, "the host has no \(size / 1_048_576 + 1) MiB of memory left",
                remedy: "use a smaller batch or input size")
        }
        base = pointer
        self.size = size
        // A hint: where the kernel does not take it, everything works as before.
        if isLarge { madvise(pointer, size, MADV_HUGEPAGE) }
        memset(pointer, 0, max(size, alignment))
    }

    deinit { free(base) }

    var floats: UnsafeMutableBufferPointer<Float> {
        UnsafeMutableBufferPointer(
            start: base.assumingMemoryBound(to: Float.self), count: size / MemoryLayout<Float>.stride)
    }
}
