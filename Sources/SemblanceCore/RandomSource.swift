import Foundation

/// A seeded random number generator (xoshiro256**, Blackman and Vigna 2018, seeded by SplitMix64). Its state can
/// be stored, so that a resumed training run draws the same numbers as one that was never interrupted.
public struct RandomSource: RandomNumberGenerator, Sendable, Codable, Equatable {
    private var state: [UInt64]

    public init(seed: UInt64) {
        var splitMix = seed
        state = (0..<4).map { _ in
            splitMix &+= 0x9E37_79B9_7F4A_7C15
            return RandomSource.mix(splitMix)
        }
    }

    /// An independent generator for one purpose (an epoch, an image, a layer), so that the order in which threads
    /// ask does not matter.
    public init(seed: UInt64, stream: UInt64) {
        self.init(seed: seed ^ RandomSource.mix(stream &+ 0x9E37_79B9_7F4A_7C15))
    }

    /// SplitMix64's finaliser: a bijection that scatters neighbouring integers.
    static func mix(_ value: UInt64) -> UInt64 {
        var z = value
        z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
        z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
        return z ^ (z >> 31)
    }

    public mutating func next() -> UInt64 {
        let product = state[1] &* 5
        let result = ((product << 7) | (product >> 57)) &* 9
        let shifted = state[1] << 17
        state[2] ^= state[0]
        state[3] ^= state[1]
        state[1] ^= state[2]
        state[0] ^= state[3]
        state[2] ^= shifted
        state[3] = (state[3] << 45) | (state[3] >> 19)
        return result
    }

    /// Uniform in [0, 1), 24 bits.
    public mutating func uniform() -> Float { Float(next() >> 40) * 0x1p-24 }

    /// Uniform in [range.lowerBound, range.upperBound).
    public mutating func uniform(_ range: ClosedRange<Float>) -> Float {
        range.lowerBound + (range.upperBound - range.lowerBound) * uniform()
    }

    /// Standard normal, by Box and Muller.
    public mutating func normal() -> Float {
        let radius = (-2 * log(Double(next() >> 11) * 0x1p-53 + 0x1p-54)).squareRoot()
        return Float(radius * cos(2 * Double.pi * Double(next() >> 11) * 0x1p-53))
    }
}
