/// The order of colour channels that a network was trained with.
public enum ColorOrder: String, Sendable, Codable {
    case rgb, bgr
}

extension Image {
    /// Writes the image as a network's input: planes of (pixel - mean) * scale, the first channel of `order` first. Grey is
    /// repeated for three channels and colour becomes luma for one.
    /// - Parameters:
    ///   - buffer: [channels, height, width] floats.
    ///   - mean: In the order of the planes, or one for all.
    ///   - scale: Likewise.
    package func write(
        into buffer: UnsafeMutableBufferPointer<Float>, channels planes: Int, mean: [Float], scale: [Float],
        order: ColorOrder
    ) {
        let count = width * height
        precondition(
            buffer.count == planes * count, "\(buffer.count) floats for \(planes)x\(height)x\(width)")
        precondition([1, planes].contains(mean.count) && [1, planes].contains(scale.count))
        let source = planes == 1 ? grey() : self
        source.pixels.withUnsafeBufferPointer { pixels in
            for plane in 0..<planes {
                let channel = source.channels == 1 ? 0 : order == .rgb ? plane : planes - 1 - plane
                let (mean, scale) = (mean[mean.count == 1 ? 0 : plane], scale[scale.count == 1 ? 0 : plane])
                let step = source.channels
                let target = UnsafeMutableBufferPointer(rebasing: buffer[plane * count..<(plane + 1) * count])
                for index in 0..<count {
                    target[index] = (Float(pixels[index * step + channel]) - mean) * scale
                }
            }
        }
    }
}
