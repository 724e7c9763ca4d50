import Foundation
import SemblanceCore
import SemblanceImaging

/// Reads an image file as a face of an input format, `margin` times as large as the network's input, on any thread.
package typealias FaceDecoder =
    @Sendable (_ path: String, _ format: InputFormat, _ margin: Float) throws(SemblanceError) -> Image

extension Image {
    /// The whole image as a face for a network: its channels, and its size times `margin`.
    package func face(for format: InputFormat, margin: Float = 1) -> Image {
        func side(_ length: Int) -> Int { Int((Float(length) * margin).rounded(.up)) }
        return converted(toChannels: format.colours.count)
            .resized(width: side(format.width), height: side(format.height))
    }
}
