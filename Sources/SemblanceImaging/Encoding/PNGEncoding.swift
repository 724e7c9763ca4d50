import CPNG
import SemblanceCore

extension Image {
    /// The image as a PNG file of 8-bit grey or RGB.
    package func pngData() throws(SemblanceError) -> [UInt8] {
        var header = png_image()
        header.version = png_uint_32(PNG_IMAGE_VERSION)
        header.width = png_uint_32(width)
        header.height = png_uint_32(height)
        header.format = channels == 3 ? png_uint_32(PNG_FORMAT_FLAG_COLOR) : 0
        defer { png_image_free(&header) }

        // What the rows take when deflate finds nothing to save (stored blocks), with room for chunks and headers.
        let raw = (width * channels + 1) * height
        var size = raw + raw / 1000 + height + 4096
        var data = [UInt8](repeating: 0, count: size)
        guard png_image_write_to_memory(&header, &data, &size, 0, pixels, 0, nil) != 0 else {
            throw SemblanceError(
                .internalFault, "an image of \(width)x\(height) could not be encoded as PNG")
        }
        data.removeLast(data.count - size)
        return data
    }

    /// Writes a PNG file, all of it or nothing.
    /// - Throws: `outputUnwritable` naming the file.
    package func writePNG(to path: String) throws(SemblanceError) {
        try writeAtomically(pngData(), to: path)
    }
}
