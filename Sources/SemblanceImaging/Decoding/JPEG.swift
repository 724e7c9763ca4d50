import CTurboJPEG
import SemblanceCore

/// Any baseline or progressive JPEG as grey or RGB, turned upright.
func decodeJPEG(_ file: EncodedImage) throws(SemblanceError) -> Image {
    let segments = JPEGSegments(file.bytes)
    guard let handle = tjInitDecompress() else {
        throw SemblanceError(.outOfMemory, "\(file.name): no memory for the JPEG decoder")
    }
    defer { tjDestroy(handle) }

    let size = UInt(file.bytes.count)
    var (width, height, subsampling, space): (Int32, Int32, Int32, Int32) = (-1, -1, -1, -1)
    let status = tjDecompressHeader3(handle, file.bytes, size, &width, &height, &subsampling, &space)
    // It also fails on a rare chroma subsampling, which the decoder itself takes.
    guard !failed(handle, status) || (width > 0 && height > 0 && space >= 0 && subsampling < 0) else {
        throw file.damaged(errorText(handle))
    }
    try file.checkSize(width: Int(width), height: Int(height))
    guard segments.isComplete else { throw file.damaged("it is cut short") }

    let (format, samples): (TJPF, Int) =
        switch TJCS(UInt32(bitPattern: space)) {
        case TJCS_GRAY: (TJPF_GRAY, 1)
        case TJCS_CMYK, TJCS_YCCK: (TJPF_CMYK, 4)
        default: (TJPF_RGB, 3)
        }
    var pixels = [UInt8](repeating: 0, count: Int(width) * Int(height) * samples)
    let result = tjDecompress2(
        handle, file.bytes, size, &pixels, width, 0, height, format.rawValue,
        TJFLAG_LIMITSCANS)
    guard !failed(handle, result) else { throw file.damaged(errorText(handle)) }
    let image = Image(
        unchecked: samples == 4 ? rgb(invertedCMYK: pixels) : pixels, width: Int(width), height: Int(height),
        channels: samples == 1 ? 1 : 3)
    return image.oriented(Orientation(exif: file.bytes[segments.exif]))
}

private func errorText(_ handle: tjhandle) -> String { String(cString: tjGetErrorStr2(handle)) }

/// Whether a call failed or warned of lost pixels. Other warnings, such as stray bytes between segments, do no harm.
private func failed(_ handle: tjhandle, _ status: Int32) -> Bool {
    guard status != 0 else { return false }
    guard tjGetErrorCode(handle) == TJERR_WARNING.rawValue else { return true }
    let text = errorText(handle).lowercased()
    return text.contains("premature end") || (text.contains("corrupt") && !text.contains("extraneous bytes"))
}

/// CMYK files hold inverted values (255 is no ink), as Adobe's programs and after them all others write them.
private func rgb(invertedCMYK pixels: [UInt8]) -> [UInt8] {
    var result = [UInt8](repeating: 0, count: pixels.count / 4 * 3)
    for index in 0..<pixels.count / 4 {
        let black = Int(pixels[4 * index + 3])
        for channel in 0..<3 {
            result[3 * index + channel] = UInt8((Int(pixels[4 * index + channel]) * black + 127) / 255)
        }
    }
    return result
}

/// The EXIF block, and whether the file goes on to its end marker: libjpeg reports only its first warning, which need not be the
/// one about a missing end.
private struct JPEGSegments {
    var exif = 0..<0
    var isComplete = false

    init(_ bytes: [UInt8]) {
        var offset = 2
        while offset + 4 <= bytes.count {
            // Fill bytes, or stray bytes between segments.
            guard bytes[offset] == 0xFF, bytes[offset + 1] != 0xFF, bytes[offset + 1] != 0 else {
                offset += 1
                continue
            }
            let marker = bytes[offset + 1]
            if marker == 0xD9 { return }
            let hasLength = !(0xD0...0xD8).contains(marker) && marker != 0x01
            let end = offset + 2 + (hasLength ? Int(bytes[offset + 2]) << 8 | Int(bytes[offset + 3]) : 0)
            if marker == 0xE1, exif.isEmpty, end <= bytes.count, offset + 4 < end,
                bytes[offset + 4..<end].starts(with: "Exif\0\0".utf8)
            {
                exif = offset + 4..<end
            }
            offset = end
            if marker == 0xDA { break }
        }
        guard offset < bytes.count else { return }
        // Entropy-coded data has no 0xFF without a zero behind it, so the first end marker is the file's.
        bytes.withUnsafeBufferPointer { bytes in
            for index in offset..<bytes.count - 1 where bytes[index] == 0xFF && bytes[index + 1] == 0xD9 {
                isComplete = true
                return
            }
        }
    }
}
