import SemblanceCore
import Testing

@Suite struct DropoutTests {
    /// Computed by an independent program in Python.
    @Test(
        arguments: [
            (0, 0, 0, 0xAA3E_5B61), (1, 0, 0, 0xE0AF_C7C0), (0, 1, 0, 0x9941_CD2D), (0, 0, 1, 0x9130_C157),
            (0xDEAD_BEEF, 12345, 67890, 0x021F_C68A), (.max, .max, .max, 0x74CD_379B),
        ] as [(UInt32, UInt32, UInt32, UInt32)])
    func hash(seed: UInt32, step: UInt32, index: UInt32, expected: UInt32) {
        #expect(Dropout.hash(seed: seed, step: step, index: index) == expected)
    }

    @Test(arguments: [Float(0), 0.1, 0.5, 0.9]) func dropsTheShareAskedFor(rate: Float) {
        let dropout = Dropout(rate: rate, seed: .random(in: .min ... .max))
        let step = UInt32.random(in: 0...1_000_000)
        let count = UInt32(100_000)
        let dropped = (0..<count).count {
            Dropout.hash(seed: dropout.seed, step: step, index: $0) < dropout.threshold
        }
        // Six standard deviations and more.
        #expect(
            abs(Double(dropped) / Double(count) - Double(rate)) < 0.01, "seed \(dropout.seed), step \(step)")
        #expect(abs(dropout.scale * (1 - rate) - 1) < 1e-6)
    }

    @Test func stepsAndSeedsDiffer() {
        let seed = UInt32.random(in: .min ... .max)
        func bits(_ seed: UInt32, _ step: UInt32) -> [UInt32] {
            (0..<100).map { Dropout.hash(seed: seed, step: step, index: $0) }
        }
        #expect(bits(seed, 1) != bits(seed, 2))
        #expect(bits(seed, 1) != bits(seed &+ 1, 1))
        // One step's mask is not another's moved along.
        #expect(Set(bits(seed, 1)).intersection(bits(seed, 2)).isEmpty)
    }
}
