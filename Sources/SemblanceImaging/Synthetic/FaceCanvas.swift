import SemblanceCore

/// Draws shapes given by signed distances, antialiased, in the face's coordinates: the middle of the head is the origin, y points
/// down, and the head is 2 high.
struct FaceCanvas {
    let size: Int
    private(set) var pixels: [FaceColor]
    private let origin: SIMD2<Float>
    /// Of the axes of the face, in pixels.
    private let axis: SIMD2<Float>
    private let pixelsPerUnit: Float

    init(size: Int, scale: Float, shift: SIMD2<Float>, cosine: Float, sine: Float) {
        self.size = size
        pixels = [FaceColor](repeating: .zero, count: size * size)
        let unit = Float(size) / 2.3 * scale
        pixelsPerUnit = unit
        origin = SIMD2(0.5, 0.5) * Float(size) + shift * unit
        axis = SIMD2(cosine, sine) * unit
    }

    /// Covers `center` +- `reach` with a shape: what has a negative distance is inside.
    @inline(__always)
    mutating func paint(
        _ center: SIMD2<Float>, reach: SIMD2<Float>, opacity: Float = 1, softness: Float = 0,
        distance: (SIMD2<Float>) -> Float, color: (SIMD2<Float>) -> FaceColor
    ) {
        // The pixels that the turned box may touch.
        let half = SIMD2(
            abs(axis.x) * reach.x + abs(axis.y) * reach.y, abs(axis.y) * reach.x + abs(axis.x) * reach.y)
        let middle =
            origin + SIMD2(axis.x * center.x - axis.y * center.y, axis.y * center.x + axis.x * center.y)
        let limit = Float(size - 1)
        let first = (middle - half - 1).clamped(lowerBound: .zero, upperBound: SIMD2(repeating: limit))
        let last = (middle + half + 1).clamped(lowerBound: .zero, upperBound: SIMD2(repeating: limit))
        let step = axis / (pixelsPerUnit * pixelsPerUnit)
        let sharpness = 1 / (1 / pixelsPerUnit + softness)
        pixels.withUnsafeMutableBufferPointer { pixels in
            for row in Int(first.y)...Int(last.y) {
                for column in Int(first.x)...Int(last.x) {
                    let offset = SIMD2(Float(column) + 0.5, Float(row) + 0.5) - origin
                    let point = SIMD2(
                        offset.x * step.x + offset.y * step.y, offset.y * step.x - offset.x * step.y)
                    let coverage = min(max(0.5 - distance(point) * sharpness, 0), 1) * opacity
                    guard coverage > 0 else { continue }
                    let index = row * size + column
                    pixels[index] += coverage * (color(point) - pixels[index])
                }
            }
        }
    }

    /// An ellipse; `tilt` is the rise of its horizontal axis.
    @inline(__always)
    mutating func ellipse(
        _ center: SIMD2<Float>, _ radii: SIMD2<Float>, _ color: FaceColor, opacity: Float = 1,
        softness: Float = 0,
        tilt: Float = 0
    ) {
        let reach = radii + abs(tilt) * radii.x + softness
        paint(center, reach: reach, opacity: opacity, softness: softness) { point in
            let offset = point - center
            return ellipseDistance(SIMD2(offset.x, offset.y + tilt * offset.x), radii)
        } color: { _ in
            color
        }
    }

    /// A stroke along a parabola: y = `bend` x^2 around `center`, thinning out towards its ends.
    @inline(__always)
    mutating func stroke(
        _ center: SIMD2<Float>, halfWidth: Float, thickness: Float, bend: Float = 0, tilt: Float = 0,
        taper: Float = 0.6, _ color: FaceColor, opacity: Float = 1
    ) {
        let reach = SIMD2(
            halfWidth + thickness, abs(bend) * halfWidth * halfWidth + abs(tilt) * halfWidth + thickness)
        paint(center, reach: reach, opacity: opacity) { point in
            let offset = point - center
            let x = min(max(offset.x, -halfWidth), halfWidth)
            let slope = 2 * bend * x - tilt
            let beyond = offset.x - x
            let height = (offset.y - (bend * x * x - tilt * x)) / (1 + slope * slope).squareRoot()
            let along = x / halfWidth
            return (height * height + beyond * beyond).squareRoot() - thickness * (1 - taper * along * along)
        } color: { _ in
            color
        }
    }

    /// Replaces every pixel by a function of its place and colour.
    @inline(__always)
    mutating func map(_ transform: (SIMD2<Float>, FaceColor) -> FaceColor) {
        let step = axis / (pixelsPerUnit * pixelsPerUnit)
        pixels.withUnsafeMutableBufferPointer { pixels in
            for row in 0..<size {
                for column in 0..<size {
                    let offset = SIMD2(Float(column) + 0.5, Float(row) + 0.5) - origin
                    let point = SIMD2(
                        offset.x * step.x + offset.y * step.y, offset.y * step.x - offset.x * step.y)
                    pixels[row * size + column] = transform(point, pixels[row * size + column])
                }
            }
        }
    }

    /// One pass of the binomial filter 1-2-1 in both directions, mixed in by `amount` (0 to 1).
    mutating func blur(_ amount: Float) {
        let side = amount / 4
        let middle = 1 - 2 * side
        pixels.withUnsafeMutableBufferPointer { pixels in
            for (count, step, lineStep) in [(size, 1, size), (size, size, 1)] {
                for line in 0..<size {
                    var previous = pixels[line * lineStep]
                    for index in 0..<count {
                        let place = line * lineStep + index * step
                        let current = pixels[place]
                        let next = index + 1 < count ? pixels[place + step] : current
                        pixels[place] = middle * current + side * (previous + next)
                        previous = current
                    }
                }
            }
        }
    }

    /// The picture with noise of a standard deviation `noise`, the same in all channels as that of dim light mostly is.
    func image(noise: Float, random: inout RandomSource) -> Image {
        var result = [UInt8](repeating: 0, count: size * size * 3)
        result.withUnsafeMutableBufferPointer { result in
            for index in 0..<size * size {
                // Four uniform numbers are close enough to normal, and cheap; their variance is 4/12.
                let bits = SIMD4<UInt16>(bitPattern: random.next())
                let sum = Float(bits.x) + Float(bits.y) + Float(bits.z) + Float(bits.w)
                let grain = (sum / 65536 - 2) * 1.732 * noise
                let color = (pixels[index] + grain).clamped(lowerBound: .zero, upperBound: .one) * 255 + 0.5
                result[3 * index] = UInt8(color.x)
                result[3 * index + 1] = UInt8(color.y)
                result[3 * index + 2] = UInt8(color.z)
            }
        }
        return Image(unchecked: result, width: size, height: size, channels: 3)
    }
}

extension SIMD4<UInt16> {
    fileprivate init(bitPattern value: UInt64) {
        self.init(
            UInt16(truncatingIfNeeded: value), UInt16(truncatingIfNeeded: value >> 16),
            UInt16(truncatingIfNeeded: value >> 32), UInt16(truncatingIfNeeded: value >> 48))
    }
}

/// To an ellipse around the origin, exact on its outline to first order.
@inline(__always)
func ellipseDistance(_ point: SIMD2<Float>, _ radii: SIMD2<Float>) -> Float {
    let scaled = point / radii
    let length = (scaled * scaled).sum().squareRoot()
    let gradient = scaled / radii
    let slope = (gradient * gradient).sum().squareRoot()
    return slope > 0 ? length * (length - 1) / slope : -min(radii.x, radii.y)
}
