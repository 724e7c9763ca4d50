import Glibc

/// A file format that is recognised by its first bytes; only some are decoded.
package enum ImageFormat: String, Sendable, CaseIterable {
    case png = "PNG"
    case jpeg = "JPEG"
    case pnm = "PGM/PPM"
    case webp = "WebP"
    case heic = "HEIC"
    case avif = "AVIF"
    case bmp = "BMP"
    case gif = "GIF"
    case tiff = "TIFF"
    case jpeg2000 = "JPEG 2000"
    case jpegXL = "JPEG XL"
    /// Bitmaps of one bit (P1, P4) and PAM (P7): of the PNM family, but neither grey nor colour.
    case otherPNM = "PBM/PAM"

    package var isDecoded: Bool { [.png, .jpeg, .pnm].contains(self) }

    /// How many first bytes `init(signature:)` needs at most.
    package static let signatureLength = 32

    /// The format by the first bytes; nil where they belong to no image.
    package init?(signature bytes: some Collection<UInt8>) {
        let start = Array(bytes.prefix(ImageFormat.signatureLength))
        func matches(_ text: StaticString, at offset: Int = 0) -> Bool {
            text.withUTF8Buffer { start.dropFirst(offset).starts(with: $0) }
        }
        func isSpace(_ index: Int) -> Bool {
            start.indices.contains(index)
                && (start[index] == 35 || [9, 10, 11, 12, 13, 32].contains(start[index]))
        }

        if start.starts(with: [0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A]) {
            self = .png
        } else if start.starts(with: [0xFF, 0xD8, 0xFF]) {
            self = .jpeg
        } else if matches("P"), isSpace(2), start[1] >= 0x31, start[1] <= 0x37 {
            self = [0x32, 0x33, 0x35, 0x36].contains(start[1]) ? .pnm : .otherPNM
        } else if matches("RIFF"), matches("WEBP", at: 8) {
            self = .webp
        } else if matches("ftyp", at: 4) {
            if matches("avi", at: 8) {
                self = .avif
            } else if ["hei", "hev", "mif", "msf"].contains(where: {
                start.dropFirst(8).starts(with: $0.utf8)
            }) {
                self = .heic
            } else {
                return nil
            }
        } else if matches("BM"), start.count >= 18, [12, 40, 52, 56, 64, 108, 124].contains(start[14]),
            start[15...17].allSatisfy({ $0 == 0 })
        {
            self = .bmp
        } else if matches("GIF87a") || matches("GIF89a") {
            self = .gif
        } else if start.starts(with: [0x49, 0x49, 42, 0]) || start.starts(with: [0x4D, 0x4D, 0, 42]) {
            self = .tiff
        } else if start.starts(with: [0, 0, 0, 12, 0x6A, 0x50, 0x20, 0x20])
            || start.starts(with: [0xFF, 0x4F, 0xFF, 0x51])
        {
            self = .jpeg2000
        } else if start.starts(with: [0, 0, 0, 12, 0x4A, 0x58, 0x4C, 0x20])
            || start.starts(with: [0xFF, 0x0A])
        {
            self = .jpegXL
        } else {
            return nil
        }
    }

    private static let extensions: Set<String> = [
        "png", "jpg", "jpeg", "jpe", "jfif", "pgm", "ppm", "pnm", "pbm", "pam", "webp", "heic", "heif", "hif",
        "avif",
        "bmp", "dib", "gif", "tif", "tiff", "jp2", "j2k", "jxl",
    ]

    /// Whether a name's extension promises an image. Hidden files (.DS_Store, ._face.jpg) never do.
    package static func isImageName(_ path: String) -> Bool {
        let name = path.split(separator: "/").last ?? ""
        guard !name.hasPrefix("."), let dot = name.lastIndex(of: ".") else { return false }
        return extensions.contains(name[name.index(after: dot)...].lowercased())
    }

    /// Whether a file of a data folder is to be decoded (so that failing is an error or a counted skip) or passed over
    /// silently: by its name or, where the extension promises no image, by its first bytes.
    package static func isCandidate(path: String) -> Bool {
        if isImageName(path) { return true }
        guard let name = path.split(separator: "/").last, !name.hasPrefix(".") else { return false }
        // Without waiting: a pipe in the folder must not block the scan.
        let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
        guard descriptor >= 0 else { return false }
        defer { close(descriptor) }
        var start = [UInt8](repeating: 0, count: signatureLength)
        let count = read(descriptor, &start, start.count)
        return count > 0 && ImageFormat(signature: start.prefix(count)) != nil
    }

    /// The command that turns the file into one that is decoded.
    package func conversionCommand(for path: String) -> String {
        let name = path.split(separator: "/").last ?? ""
        let stem = name.lastIndex(of: ".").map { path.dropLast(name.distance(from: $0, to: name.endIndex)) }
        let tool = self == .heic || self == .avif ? "heif-convert" : self == .jpegXL ? "djxl" : "convert"
        return "\(tool) \(quoted(path)) \(quoted((stem.map(String.init) ?? path) + ".png"))"
    }

    /// Quoted for a shell where that is needed.
    private func quoted(_ text: String) -> String {
        let plain = text.unicodeScalars.allSatisfy {
            $0.properties.isAlphabetic || ("0"..."9").contains($0) || "/._-+,".unicodeScalars.contains($0)
        }
        return plain && !text.isEmpty
            ? text
            : "'" + text.split(separator: "'", omittingEmptySubsequences: false).joined(separator: "'\\''")
                + "'"
    }
}
