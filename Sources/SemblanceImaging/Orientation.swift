import CExif

/// How the stored rows and columns relate to the upright picture: the eight values of EXIF's tag 0x0112. The names say
/// what turns the stored picture upright.
package enum Orientation: Int, Sendable, CaseIterable {
    case upright = 1
    case flippedHorizontally = 2
    case rotated180 = 3
    case flippedVertically = 4
    case transposed = 5
    case rotatedClockwise = 6
    case antiTransposed = 7
    case rotatedCounterclockwise = 8

    var swapsAxes: Bool { rawValue >= 5 }

    /// The orientation in an EXIF block, with or without its leading `Exif\0\0`; upright where the block has none or is damaged.
    package init<Bytes: Collection<UInt8>>(exif block: Bytes) {
        self = .upright
        guard !block.isEmpty, let data = exif_data_new() else { return }
        defer { exif_data_unref(data) }
        // Only one tag is read: nothing needs to be completed or repaired.
        exif_data_unset_option(data, EXIF_DATA_OPTION_FOLLOW_SPECIFICATION)
        let header = Array("Exif\0\0".utf8)
        let bytes = block.starts(with: header) ? Array(block) : header + block
        exif_data_load_data(data, bytes, UInt32(clamping: bytes.count))
        guard let entry = exif_content_get_entry(data.pointee.ifd.0, EXIF_TAG_ORIENTATION),
            entry.pointee.format == EXIF_FORMAT_SHORT, entry.pointee.components > 0, entry.pointee.size >= 2,
            let value = entry.pointee.data
        else { return }
        let stored = exif_get_short(value, exif_data_get_byte_order(data))
        self = Orientation(rawValue: Int(stored)) ?? .upright
    }
}

extension Image {
    /// The picture turned upright from the way it was stored.
    package func oriented(_ orientation: Orientation) -> Image {
        guard orientation != .upright else { return self }
        let (newWidth, newHeight) = orientation.swapsAxes ? (height, width) : (width, height)
        // Where the upright picture's first pixel is stored, and the steps along its rows and columns, in pixels.
        let (right, bottom) = (width - 1, (height - 1) * width)
        let (origin, alongRow, alongColumn) =
            switch orientation {
            case .upright: (0, 1, width)
            case .flippedHorizontally: (right, -1, width)
            case .rotated180: (bottom + right, -1, -width)
            case .flippedVertically: (bottom, 1, -width)
            case .transposed: (0, width, 1)
            case .rotatedClockwise: (bottom, -width, 1)
            case .antiTransposed: (bottom + right, -width, -1)
            case .rotatedCounterclockwise: (right, width, -1)
            }
        var result = [UInt8](repeating: 0, count: pixels.count)
        pixels.withUnsafeBufferPointer { source in
            result.withUnsafeMutableBufferPointer { target in
                var to = 0
                for row in 0..<newHeight {
                    var from = (origin + row * alongColumn) * channels
                    for _ in 0..<newWidth {
                        for channel in 0..<channels { target[to + channel] = source[from + channel] }
                        to += channels
                        from += alongRow * channels
                    }
                }
            }
        }
        return Image(unchecked: result, width: newWidth, height: newHeight, channels: channels)
    }
}
