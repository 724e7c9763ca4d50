/// FNV-1a over 64-bit words (Fowler, Noll and Vo), finished by a bijection that scatters: tells models, sources and devices apart, and is no
/// protection against somebody who forges one.
package struct Fingerprint {
    private var state: UInt64 = 0xCBF2_9CE4_8422_2325

    package init() {}

    private mutating func add(_ word: UInt64) {
        state = (state ^ word) &* 0x0000_0100_0000_01B3
        state ^= state >> 29
    }

    package mutating func add(_ bytes: UnsafeRawBufferPointer) {
        var index = 0
        while index + 8 <= bytes.count {
            add(bytes.loadUnaligned(fromByteOffset: index, as: UInt64.self))
            index += 8
        }
        for rest in bytes[index...] { add(UInt64(rest)) }
        add(UInt64(bytes.count))
    }

    package mutating func add(_ text: String) {
        var text = text
        text.withUTF8 { add(UnsafeRawBufferPointer($0)) }
    }

    /// 16 digits in hexadecimal.
    package var text: String {
        let digits = String(state, radix: 16)
        return String(repeating: "0", count: 16 - digits.count) + digits
    }
}
