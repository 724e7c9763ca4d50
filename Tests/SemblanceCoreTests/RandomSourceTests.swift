import Foundation
import SemblanceCore
import Testing

@Suite struct RandomSourceTests {
    /// xoshiro256**'s sequence from the state 1, 2, 3, 4, as its authors' code gives it.
    @Test func knownSequence() throws {
        var random = try JSONDecoder().decode(RandomSource.self, from: Data(#"{"state":[1,2,3,4]}"#.utf8))
        #expect((0..<4).map { _ in random.next() } == [11520, 0, 1_509_978_240, 1_215_971_899_390_074_240])
    }

    /// Seeded by SplitMix64; computed by an independent program in Python.
    private static let sequences: [(UInt64, [UInt64])] = [
        (0, [0x99EC_5F36_CB75_F2B4, 0xBF6E_1F78_4956_452A, 0x1A5F_849D_4933_E6E0]),
        (1, [0xB3F2_AF6D_0FC7_10C5, 0x853B_5596_4736_4CEA, 0x92F8_9756_082A_4514]),
        (0xDEAD_BEEF, [0xC555_5444_A74D_7E83, 0x65C3_0D37_B4B1_6E38, 0x54F7_7320_0A4E_FA23]),
    ]

    @Test(arguments: sequences)
    func seeding(seed: UInt64, expected: [UInt64]) {
        var random = RandomSource(seed: seed)
        #expect(expected.map { _ in random.next() } == expected)
    }

    @Test func distributions() {
        var random = RandomSource(seed: 42)
        #expect((0..<3).map { _ in random.uniform() } == [0.083862960, 0.37898022, 0.68004340])
        random = RandomSource(seed: 42)
        #expect(abs(random.normal() - -1.6132238) < 1e-6)

        let normals = (0..<100_000).map { _ in Double(random.normal()) }
        let mean = normals.reduce(0, +) / 1e5
        let variance = normals.reduce(0) { $0 + $1 * $1 } / 1e5
        #expect(abs(mean) < 0.02 && abs(variance - 1) < 0.03)
        #expect((0..<1000).allSatisfy { _ in (-2...3).contains(random.uniform(-2...3)) })
    }

    @Test func streamsDiffer() {
        let seed = UInt64.random(in: .min ... .max)
        var starts: Set<UInt64> = []
        var plain = RandomSource(seed: seed)
        starts.insert(plain.next())
        for stream in UInt64(0)..<1000 {
            var random = RandomSource(seed: seed, stream: stream)
            starts.insert(random.next())
        }
        #expect(starts.count == 1001, "seed \(seed)")
    }

    @Test func storedStateGoesOn() throws {
        var random = RandomSource(seed: .random(in: .min ... .max))
        _ = (0..<17).map { _ in random.next() }
        var restored = try JSONDecoder().decode(RandomSource.self, from: JSONEncoder().encode(random))
        #expect(restored == random)
        #expect((0..<5).map { _ in restored.next() } == (0..<5).map { _ in random.next() })
    }
}
