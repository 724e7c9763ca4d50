import CPNG
import SemblanceCore

/// Any PNG as 8-bit grey or RGB, composited on white where it has transparency.
func decodePNG(_ file: EncodedImage) throws(SemblanceError) -> Image {
    let chunks = try PNGChunks(file)
    try file.checkSize(width: chunks.width, height: chunks.height)

    var header = png_image()
    header.version = png_uint_32(PNG_IMAGE_VERSION)
    defer { png_image_free(&header) }
    // The warnings of libpng (an unknown profile, a wrong checksum in a comment) do not concern the pixels.
    let pixels = file.bytes.withUnsafeBytes { bytes -> [UInt8]? in
        guard png_image_begin_read_from_memory(&header, bytes.baseAddress, bytes.count) != 0 else {
            return nil
        }
        // 16-bit files without a colour space hold sRGB like all others; libpng would take them as linear.
        header.flags |= png_uint_32(PNG_IMAGE_FLAG_16BIT_sRGB)
        header.format &= png_uint_32(PNG_FORMAT_FLAG_COLOR | PNG_FORMAT_FLAG_ALPHA)
        let samples = chunks.sampleCount(of: header)
        var pixels = [UInt8](repeating: 0, count: Int(header.width) * Int(header.height) * samples)
        return png_image_finish_read(&header, nil, &pixels, 0, nil) != 0 ? pixels : nil
    }
    guard let pixels else { throw file.damaged(header.text) }

    let channels = header.format & png_uint_32(PNG_FORMAT_FLAG_COLOR) != 0 ? 3 : 1
    let hasAlpha = header.format & png_uint_32(PNG_FORMAT_FLAG_ALPHA) != 0
    let image = Image(
        unchecked: hasAlpha ? compositedOnWhite(pixels, channels: channels) : pixels,
        width: Int(header.width), height: Int(header.height), channels: channels)
    return image.oriented(Orientation(exif: file.bytes[chunks.exif]))
}

/// In the stored (sRGB) values, as browsers and Pillow do.
private func compositedOnWhite(_ pixels: [UInt8], channels: Int) -> [UInt8] {
    var result = [UInt8](repeating: 0, count: pixels.count / (channels + 1) * channels)
    var from = 0
    for to in stride(from: 0, to: result.count, by: channels) {
        let alpha = Int(pixels[from + channels])
        for channel in 0..<channels {
            result[to + channel] = UInt8(
                (Int(pixels[from + channel]) * alpha + 255 * (255 - alpha) + 127) / 255)
        }
        from += channels + 1
    }
    return result
}

/// The chunks of a PNG, walked before libpng sees the file: libpng's simple interface stops after the last row, and so would
/// not notice a file that is cut short behind it.
private struct PNGChunks {
    var width = 0
    var height = 0
    var exif = 0..<0

    init(_ file: EncodedImage) throws(SemblanceError) {
        let bytes = file.bytes
        func integer(_ offset: Int) -> Int { (0..<4).reduce(0) { $0 << 8 | Int(bytes[offset + $1]) } }
        var offset = 8
        while true {
            guard offset + 12 <= bytes.count else { throw file.damaged("it is cut short") }
            let length = integer(offset)
            guard length <= bytes.count - offset - 12 else { throw file.damaged("it is cut short") }
            let content = offset + 8..<offset + 8 + length
            let type = bytes[offset + 4..<offset + 8]
            if offset == 8 {
                guard type.elementsEqual("IHDR".utf8), length == 13 else {
                    throw file.damaged("it has no header")
                }
                width = integer(content.lowerBound)
                height = integer(content.lowerBound + 4)
            } else if type.elementsEqual("eXIf".utf8) {
                exif = content
            } else if type.elementsEqual("IEND".utf8) {
                return
            }
            offset = content.upperBound + 4
        }
    }

    func sampleCount(of header: png_image) -> Int {
        (header.format & png_uint_32(PNG_FORMAT_FLAG_COLOR) != 0 ? 3 : 1)
            + (header.format & png_uint_32(PNG_FORMAT_FLAG_ALPHA) != 0 ? 1 : 0)
    }
}

extension png_image {
    /// What libpng said last.
    var text: String {
        withUnsafeBytes(of: message) { String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self) }
    }
}
