import SemblanceCore

/// Reads PNG, JPEG and PGM/PPM files; the content decides, not the name.
public struct ImageDecoder: Sendable {
    /// Images with more pixels are refused before anything is allocated for them.
    public var pixelLimit: Int

    /// - Parameter pixelLimit: 100 million by default.
    public init(pixelLimit: Int = 100_000_000) { self.pixelLimit = pixelLimit }

    /// Reads a file and turns it upright by its EXIF orientation.
    /// - Throws: `invalidInput` for a missing, damaged or oversized file, `unsupportedFormat` for an image of another format.
    public func decode(path: String) throws(SemblanceError) -> Image {
        try decode(bytes: readFile(path, limit: 1 << 30), name: path)
    }

    /// Decodes a file's content.
    /// - Parameter name: What errors call it: the file's path.
    public func decode(bytes: [UInt8], name: String) throws(SemblanceError) -> Image {
        guard !bytes.isEmpty else {
            throw SemblanceError(.invalidInput, "\(name) is empty", remedy: "replace or remove the file")
        }
        guard let format = ImageFormat(signature: bytes) else {
            throw SemblanceError(
                .invalidInput, "\(name) is not an image", remedy: "PNG, JPEG and PGM/PPM are read")
        }
        let file = EncodedImage(bytes: bytes, name: name, format: format, pixelLimit: pixelLimit)
        switch format {
        case .png: return try decodePNG(file)
        case .jpeg: return try decodeJPEG(file)
        case .pnm: return try decodePNM(file)
        default:
            throw SemblanceError(
                .unsupportedFormat, "\(name) is a \(format.rawValue) file, which is not supported",
                remedy: "convert it: \(format.conversionCommand(for: name))")
        }
    }
}

/// A file's content with what the decoders need for their checks and messages.
struct EncodedImage {
    var bytes: [UInt8]
    var name: String
    var format: ImageFormat
    var pixelLimit: Int

    func damaged(_ reason: String) -> SemblanceError {
        SemblanceError(
            .invalidInput, "\(name) is a damaged \(format.rawValue) file: \(reason)",
            remedy: "replace or remove the file")
    }

    /// To be called with a header's sizes before anything of that size is allocated.
    func checkSize(width: Int, height: Int) throws(SemblanceError) {
        guard width > 0, height > 0 else { throw damaged("its size is \(width)x\(height)") }
        let (count, overflow) = width.multipliedReportingOverflow(by: height)
        guard !overflow, count <= pixelLimit else {
            throw SemblanceError(
                .invalidInput,
                "\(name) claims \(width)x\(height) pixels, more than the limit of \(pixelLimit)",
                remedy: "shrink it first, or raise the pixel limit if the file can be trusted")
        }
    }
}
