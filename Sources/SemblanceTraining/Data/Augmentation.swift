import Foundation
import SemblanceCore
import SemblanceImaging

/// How strongly training images are varied. Everything is drawn from the image's own random source.
public struct Augmentation: Sendable, Hashable, Codable {
    /// The probability of a mirrored image.
    public var flip: Float = 0.5
    /// The crop moves by up to this fraction of the side, each way.
    public var shift: Float = 0.06
    /// The crop's side differs by up to this fraction, each way.
    public var zoom: Float = 0.08
    /// Added to all pixels: up to this fraction of the full range, each way.
    public var brightness: Float = 0.15
    /// The distance of pixels from the image's mean changes by up to this fraction, each way.
    public var contrast: Float = 0.2
    /// The probability of a blur, with a deviation of up to `blurDeviation` pixels.
    public var blur: Float = 0.1
    public var blurDeviation: Float = 1.2
    /// The probability that a rectangle is painted over (Zhong et al., 2017), and the largest part of the image that it takes.
    public var erasing: Float = 0.2
    public var erasingArea: Float = 0.15

    public init() {}

    /// Images as they are.
    public static var none: Augmentation {
        var none = Augmentation()
        (none.flip, none.shift, none.zoom, none.brightness) = (0, 0, 0, 0)
        (none.contrast, none.blur, none.erasing) = (0, 0, 0)
        return none
    }

    /// The same variation, `factor` times as strong; probabilities stay below one.
    public func scaled(by factor: Float) -> Augmentation {
        var scaled = self
        for strength in [\Augmentation.flip, \.shift, \.zoom, \.brightness, \.contrast, \.blur, \.erasing] {
            scaled[keyPath: strength] = min(self[keyPath: strength] * factor, 0.9)
        }
        // A mirrored half is all there is to mirroring.
        scaled.flip = min(scaled.flip, 0.5)
        return scaled
    }

    /// How much larger than the network's input images are kept, so that a closer crop has its pixels.
    var margin: Float { 1 + zoom }
}

/// Draws one training image as the network's input. Holds the buffers that it needs, so each thread has its own.
struct AugmentingRenderer {
    let format: InputFormat
    let augmentation: Augmentation
    private var plane: [Float]

    init(format: InputFormat, augmentation: Augmentation) {
        self.format = format
        self.augmentation = augmentation
        plane = [Float](repeating: 0, count: format.height * format.width)
    }

    /// Writes [C, H, W] normalised floats.
    mutating func render(
        _ image: Image, into output: UnsafeMutableBufferPointer<Float>, random: inout RandomSource
    ) {
        let strengths = augmentation
        func drawn(_ strength: Float) -> Float { random.uniform(-strength...strength) }
        // All drawn in one order, needed or not: changing one strength leaves the others' numbers alone.
        let flips = random.uniform() < strengths.flip
        let crop = Crop(
            x: drawn(strengths.shift), y: drawn(strengths.shift), side: 1 / (1 + drawn(strengths.zoom)))
        let (brightness, contrast) = (255 * drawn(strengths.brightness), 1 + drawn(strengths.contrast))
        let blurs = random.uniform() < strengths.blur
        let deviation = strengths.blurDeviation * random.uniform()
        let erases = random.uniform() < strengths.erasing
        let hole = Hole(area: strengths.erasingArea, random: &random)

        sample(image, crop: crop, flips: flips, into: output)
        let area = format.height * format.width
        if blurs, deviation > 0.1 {
            for channel in 0..<format.colours.count {
                blur(
                    UnsafeMutableBufferPointer(rebasing: output[channel * area..<(channel + 1) * area]),
                    deviation)
            }
        }
        let mean = output.reduce(0, +) / Float(output.count)
        for index in output.indices {
            let value = (output[index] - mean) * contrast + mean + brightness
            output[index] = (min(max(value, 0), 255) - format.mean) * format.scale
        }
        if erases { erase(hole, in: output) }
    }

    /// The part of the image that is shown: its centre's shift and its side, as fractions of the image.
    private struct Crop {
        var x: Float
        var y: Float
        var side: Float
    }

    private struct Hole {
        var x, y, width, height, shade: Float

        init(area: Float, random: inout RandomSource) {
            let area = area * (0.2 + 0.8 * random.uniform())
            let aspect = exp(random.uniform(-0.7...0.7))
            width = min((area * aspect).squareRoot(), 1)
            height = min((area / aspect).squareRoot(), 1)
            x = random.uniform() * (1 - width)
            y = random.uniform() * (1 - height)
            shade = random.uniform()
        }
    }

    /// Bilinear; beyond the edge the edge's pixels go on.
    private func sample(
        _ image: Image, crop: Crop, flips: Bool, into output: UnsafeMutableBufferPointer<Float>
    ) {
        func taps(_ count: Int, from source: Int, shift: Float, flips: Bool) -> [(
            low: Int, high: Int, weight: Float
        )] {
            (0..<count).map { index in
                let place = (Float(flips ? count - 1 - index : index) + 0.5) / Float(count) - 0.5
                let position = (place * crop.side + 0.5 + shift) * Float(source) - 0.5
                let clamped = min(max(position, 0), Float(source - 1))
                let low = Int(clamped)
                return (low, min(low + 1, source - 1), clamped - Float(low))
            }
        }
        let columns = taps(format.width, from: image.width, shift: crop.x, flips: flips)
        let rows = taps(format.height, from: image.height, shift: crop.y, flips: false)
        let channels = format.colours.count
        image.pixels.withUnsafeBufferPointer { bytes in
            for channel in 0..<channels {
                let source = format.colours == .bgr ? channels - 1 - channel : channel
                for (y, row) in rows.enumerated() {
                    let low = bytes.baseAddress.map { $0 + row.low * image.width * channels + source }
                    let high = bytes.baseAddress.map { $0 + row.high * image.width * channels + source }
                    guard let low, let high else { return }
                    let line = (channel * format.height + y) * format.width
                    for (x, column) in columns.enumerated() {
                        let (left, right) = (column.low * channels, column.high * channels)
                        let top = Float(low[left]) + (Float(low[right]) - Float(low[left])) * column.weight
                        let bottom =
                            Float(high[left]) + (Float(high[right]) - Float(high[left])) * column.weight
                        output[line + x] = top + (bottom - top) * row.weight
                    }
                }
            }
        }
    }

    /// A Gaussian of 5 taps, along rows and then along columns.
    private mutating func blur(_ channel: UnsafeMutableBufferPointer<Float>, _ deviation: Float) {
        let weights = (0...2).map { exp(-Float($0 * $0) / (2 * deviation * deviation)) }
        let sum = weights[0] + 2 * (weights[1] + weights[2])
        let (centre, near, far) = (weights[0] / sum, weights[1] / sum, weights[2] / sum)
        let (height, width) = (format.height, format.width)
        for y in 0..<height {
            for x in 0..<width {
                func at(_ offset: Int) -> Float { channel[y * width + min(max(x + offset, 0), width - 1)] }
                plane[y * width + x] = centre * at(0) + near * (at(-1) + at(1)) + far * (at(-2) + at(2))
            }
        }
        for y in 0..<height {
            for x in 0..<width {
                func at(_ offset: Int) -> Float { plane[min(max(y + offset, 0), height - 1) * width + x] }
                channel[y * width + x] = centre * at(0) + near * (at(-1) + at(1)) + far * (at(-2) + at(2))
            }
        }
    }

    private func erase(_ hole: Hole, in output: UnsafeMutableBufferPointer<Float>) {
        let (height, width) = (Float(format.height), Float(format.width))
        let value = (hole.shade * 255 - format.mean) * format.scale
        for channel in 0..<format.colours.count {
            for y in Int(hole.y * height)..<min(Int((hole.y + hole.height) * height), format.height) {
                let line = (channel * format.height + y) * format.width
                for x in Int(hole.x * width)..<min(Int((hole.x + hole.width) * width), format.width) {
                    output[line + x] = value
                }
            }
        }
    }
}
