import SemblanceCore

/// Interleaved 8-bit pixels: what the loader keeps of an image.
package struct Pixels: Sendable, Hashable {
    package var width: Int
    package var height: Int
    package var bytes: [UInt8]

    package init(width: Int, height: Int, bytes: [UInt8]) {
        self.width = width
        self.height = height
        self.bytes = bytes
    }
}

/// Reads an image file as pixels of an input format, `margin` times as large as the network's input, on any thread.
package typealias PixelDecoder =
    @Sendable (_ path: String, _ format: InputFormat, _ margin: Float) throws(SemblanceError) -> Pixels
