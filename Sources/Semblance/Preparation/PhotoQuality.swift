import Foundation
import SemblanceCore
import SemblanceImaging

/// A 64-bit difference hash of a picture: whether the brightness rises from each cell to the next, in 8 rows of 9 cells. Copies of
/// a picture that were scaled, recompressed or brightened differ in few bits.
package struct DifferenceHash: Sendable, Hashable, Codable {
    package var bits: UInt64

    package init(bits: UInt64) { self.bits = bits }

    package init(of image: Image) {
        let cells = image.grey().resized(width: 9, height: 8).pixels
        bits = 0
        for row in 0..<8 {
            for column in 0..<8 {
                let rises = cells[row * 9 + column + 1] > cells[row * 9 + column]
                bits = bits << 1 | (rises ? 1 : 0)
            }
        }
    }

    /// The number of bits that differ, from 0 to 64.
    package func distance(to other: DifferenceHash) -> Int { (bits ^ other.bits).nonzeroBitCount }

    /// 16 hexadecimal digits: JSON's numbers do not hold 64 bits everywhere.
    package init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        guard let bits = UInt64(try container.decode(String.self), radix: 16) else {
            throw DecodingError.dataCorruptedError(in: container, debugDescription: "no hexadecimal number")
        }
        self.bits = bits
    }

    package func encode(to encoder: any Encoder) throws {
        let digits = String(bits, radix: 16)
        var container = encoder.singleValueContainer()
        try container.encode(String(repeating: "0", count: 16 - digits.count) + digits)
    }
}

/// The brightness of 16 x 16 cells of a picture.
package struct Thumbnail: Sendable, Hashable, Codable {
    package static let side = 16
    private var cells: [UInt8]

    package init(of image: Image) { cells = image.grey().resized(to: Self.side).pixels }

    /// Pearson's correlation of the brightness, from -1 to 1: blind to exposure and contrast. Two flat pictures are alike.
    package func correlation(with other: Thumbnail) -> Float {
        guard cells.count == other.cells.count, !cells.isEmpty else { return 0 }
        var (a, b, aa, bb, ab) = (0, 0, 0, 0, 0)
        for (x, y) in zip(cells, other.cells) {
            let (x, y) = (Int(x), Int(y))
            (a, b, aa, bb, ab) = (a + x, b + y, aa + x * x, bb + y * y, ab + x * y)
        }
        let count = cells.count
        let spread = Double(count * aa - a * a) * Double(count * bb - b * b)
        guard spread > 0 else { return aa * count == a * a && bb * count == b * b ? 1 : 0 }
        return Float(Double(count * ab - a * b) / spread.squareRoot())
    }

    package init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        cells = Array(try container.decode(Data.self))
        guard cells.count == Self.side * Self.side else {
            throw DecodingError.dataCorruptedError(in: container, debugDescription: "no thumbnail")
        }
    }

    package func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(Data(cells))
    }
}

/// What tells copies of a picture.
package struct PicturePrint: Sendable, Hashable, Codable {
    package var hash: DifferenceHash
    package var thumbnail: Thumbnail

    package init(of image: Image) {
        hash = DifferenceHash(of: image)
        thumbnail = Thumbnail(of: image)
    }
}

extension Image {
    /// The variance of the Laplacian (4 neighbours) of the brightness, over all pixels but those of the edge: small for a picture
    /// without detail. Comparable between pictures of one size alone.
    package var sharpness: Double {
        guard width > 2, height > 2 else { return 0 }
        let pixels = grey().pixels
        var (sum, squares) = (0, 0)
        for row in 1..<height - 1 {
            for column in 1..<width - 1 {
                let place = row * width + column
                let beside = Int(pixels[place - 1]) + Int(pixels[place + 1])
                let above = Int(pixels[place - width]) + Int(pixels[place + width])
                let laplacian = beside + above - 4 * Int(pixels[place])
                sum += laplacian
                squares += laplacian * laplacian
            }
        }
        let count = Double((width - 2) * (height - 2))
        let mean = Double(sum) / count
        return Double(squares) / count - mean * mean
    }
}
