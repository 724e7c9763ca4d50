import SemblanceCore
import SemblanceImaging

/// The baseline that every model must beat: the image itself as the vector, so that the cosine is the correlation of grey values.
public enum RawPixels {
    /// Grey values at the size of a network's input, less their mean, scaled to length 1.
    public static func vector(of image: Image, format: InputFormat) -> [Float] {
        let pixels = image.grey().resized(width: format.width, height: format.height).pixels.map { Float($0) }
        let mean = pixels.reduce(0, +) / Float(pixels.count)
        let centred = pixels.map { $0 - mean }
        let norm = centred.reduce(0) { $0 + $1 * $1 }.squareRoot()
        return centred.map { $0 / max(norm, 1e-6) }
    }

    /// The vector as an embedding that can be compared with its like alone.
    public static func embedding(of image: Image, format: InputFormat) -> Embedding {
        Embedding(
            values: vector(of: image, format: format),
            model: ModelIdentity(architecture: "pixels", fingerprint: "\(format.width)x\(format.height)"))
    }
}
