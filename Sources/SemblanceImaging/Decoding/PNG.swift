import CPNG
import SemblanceCore

/// Any PNG as 8-bit grey or RGB, composited on white where it has transparency, turned upright. Colour profiles and gamma are
/// left alone, as by those who made the training data.
func decodePNG(_ file: EncodedImage) throws(SemblanceError) -> Image {
    let header = try PNGHeader(file)
    try file.checkSize(width: header.width, height: header.height)
    let rowSize = header.width * (header.channels + (header.hasAlpha ? 1 : 0))
    var pixels = [UInt8](repeating: 0, count: rowSize * header.height)
    var message = [CChar](repeating: 0, count: 128)
    let status = semblance_png_decode(
        file.bytes, file.bytes.count, header.hasAlpha ? 1 : 0, &pixels, rowSize, &message, message.count)
    guard status != 0 else {
        throw file.damaged(
            String(decoding: message.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)), as: UTF8.self))
    }
    if header.hasAlpha { pixels = compositedOnWhite(pixels, channels: header.channels) }
    return Image(unchecked: pixels, width: header.width, height: header.height, channels: header.channels)
        .oriented(Orientation(exif: file.bytes[header.exif]))
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

/// What is known of a PNG before libpng sees it: enough to refuse a bomb or a file that is cut short.
private struct PNGHeader {
    var width = 0
    var height = 0
    var channels = 1
    var hasAlpha = false
    var exif = 0..<0

    init(_ file: EncodedImage) throws(SemblanceError) {
        let bytes = file.bytes
        func integer(_ offset: Int) -> Int { (0..<4).reduce(0) { $0 << 8 | Int(bytes[offset + $1]) } }
        var offset = 8
        while true {
            // Length, type, content, checksum.
            guard offset + 12 <= bytes.count, integer(offset) <= bytes.count - offset - 12 else {
                throw file.damaged("it is cut short")
            }
            let content = offset + 8..<offset + 8 + integer(offset)
            let type = bytes[offset + 4..<offset + 8]
            if offset == 8 {
                guard type.elementsEqual("IHDR".utf8), content.count == 13 else {
                    throw file.damaged("it has no header")
                }
                width = integer(content.lowerBound)
                height = integer(content.lowerBound + 4)
                let colorType = bytes[content.lowerBound + 9]
                channels = colorType & 2 != 0 ? 3 : 1
                hasAlpha = colorType & 4 != 0
            } else if type.elementsEqual("tRNS".utf8) {
                hasAlpha = true
            } else if type.elementsEqual("eXIf".utf8) {
                exif = content
            } else if type.elementsEqual("IEND".utf8) {
                return
            }
            offset = content.upperBound + 4
        }
    }
}
