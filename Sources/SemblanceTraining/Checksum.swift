/// CRC-32 (IEEE 802.3), eight bytes at a time: finds every damage of a file of up to 32 bits in a row.
package struct Checksum {
    private var state: UInt32 = ~0

    package init() {}

    package var value: UInt32 { ~state }

    package mutating func update(_ bytes: UnsafeRawBufferPointer) {
        var crc = state
        var offset = 0
        let tables = Self.tables
        tables.withUnsafeBufferPointer { tables in
            while offset + 8 <= bytes.count {
                let low =
                    UInt32(littleEndian: bytes.loadUnaligned(fromByteOffset: offset, as: UInt32.self)) ^ crc
                let high = UInt32(
                    littleEndian: bytes.loadUnaligned(fromByteOffset: offset + 4, as: UInt32.self))
                crc = 0
                for byte in 0..<4 {
                    crc ^= tables[(7 - byte) * 256 + Int((low >> (8 * UInt32(byte))) & 255)]
                    crc ^= tables[(3 - byte) * 256 + Int((high >> (8 * UInt32(byte))) & 255)]
                }
                offset += 8
            }
            for byte in bytes[offset...] { crc = tables[Int((crc ^ UInt32(byte)) & 255)] ^ (crc >> 8) }
        }
        state = crc
    }

    package mutating func update(_ bytes: some Sequence<UInt8>) {
        Array(bytes).withUnsafeBytes { update($0) }
    }

    /// Table k: the effect of a byte that has k more bytes after it in its group of eight.
    private static let tables: [UInt32] = {
        var tables = [UInt32](repeating: 0, count: 8 * 256)
        for byte in 0..<256 {
            tables[byte] = (0..<8).reduce(UInt32(byte)) { crc, _ in
                crc & 1 == 1 ? 0xEDB8_8320 ^ (crc >> 1) : crc >> 1
            }
        }
        for index in 256..<8 * 256 {
            let previous = tables[index - 256]
            tables[index] = tables[Int(previous & 255)] ^ (previous >> 8)
        }
        return tables
    }()
}
