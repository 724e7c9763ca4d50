/// 256 evenly spaced levels: level q, a byte, stands for scale (q - zero).
public struct Quantisation: Hashable, Sendable {
    public var scale: Float
    /// The level of 0, in 0...255.
    public var zero: Int

    public init(scale: Float, zero: Int) {
        self.scale = scale
        self.zero = zero
    }

    /// The levels that cover a range, widened to hold 0. The scale is rounded up to 16 significant bits, so that a float holds each level exactly.
    public init(covering range: ClosedRange<Float>) {
        let low = min(range.lowerBound, 0), high = max(range.upperBound, 0)
        scale = max((high - low) / 255, 1e-30).roundedUpToSixteenBits
        zero = min(max(Int((-low / scale).rounded()), 0), 255)
    }

    /// What is wrong with the parameters, or nil.
    var flaw: String? {
        guard scale.isNormal, scale > 0 else { return "the scale \(scale) must be positive" }
        return (0...255).contains(zero) ? nil : "the zero point \(zero) must be from 0 to 255"
    }
}

/// Weights that are 8-bit integers times a scale for each entry of the first axis.
package struct WeightLevels: Sendable {
    package var levels: [Int8]
    package var scales: [Float]

    /// The levels that weights lie on, or nil where they lie on none. Whatever program rounded them, the scale need not be stored: the
    /// largest weight is one of 127 multiples of it.
    package init?(of values: [Float], rows: Int) {
        guard rows > 0, !values.isEmpty, values.count % rows == 0 else { return nil }
        let row = values.count / rows
        scales = []
        levels = [Int8](repeating: 0, count: values.count)
        for start in stride(from: 0, to: values.count, by: row) {
            guard let scale = Self.scale(of: values[start..<start + row]) else { return nil }
            scales.append(scale)
            for index in start..<start + row { levels[index] = Int8((values[index] / scale).rounded()) }
        }
    }

    /// How far from a level a weight may be, in steps: what rounding to a float does to 127 steps, and a little more.
    private static let slack: Float = 5e-5

    private static func scale(of row: ArraySlice<Float>) -> Float? {
        let largest = row.reduce(0) { max($0, abs($1)) }
        guard largest.isFinite else { return nil }
        guard largest > 0 else { return 1 }
        return (1...127).reversed().lazy.map { largest / Float($0) }.first { scale in
            scale.isNormal
                && row.allSatisfy { value in
                    let steps = value / scale
                    return abs(steps - steps.rounded()) <= slack
                }
        }
    }

    /// Rounds weights to levels, the largest of each row to 127.
    package static func rounded(_ tensor: Tensor) -> Tensor {
        var result = tensor
        let row = tensor.shape.count / max(tensor.shape[0], 1)
        for start in stride(from: 0, to: tensor.values.count, by: max(row, 1)) {
            let largest = tensor.values[start..<start + row].reduce(0) { max($0, abs($1)) }
            guard largest > 0 else { continue }
            let scale = (largest / 127).roundedUpToSixteenBits
            for index in start..<start + row {
                result.values[index] = (tensor.values[index] / scale).rounded(.toNearestOrEven) * scale
            }
        }
        return result
    }
}

extension Float {
    /// With the last 8 bits of the significand 0: its product with an integer below 256 is exact.
    fileprivate var roundedUpToSixteenBits: Float {
        Float(bitPattern: (bitPattern &+ 0xFF) & ~0xFF)
    }
}
