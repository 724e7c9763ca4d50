import SemblanceCore
import Testing

@Suite struct ArenaLayoutTests {
    @Test func randomLifetimesNeverOverlap() {
        let seed = UInt64.random(in: .min ... .max)
        var random = RandomSource(seed: seed)
        for round in 0..<200 {
            let alignment = [1, 4, 64, 4096][round % 4]
            let requests = (0..<Int.random(in: 1...60, using: &random)).map { _ in
                let first = Int.random(in: 0...30, using: &random)
                return ArenaLayout.Request(
                    size: Int.random(in: 0...5000, using: &random), first: first,
                    last: first + Int.random(in: 0...12, using: &random))
            }
            let layout = ArenaLayout(requests, alignment: alignment)
            func rounded(_ size: Int) -> Int { (size + alignment - 1) / alignment * alignment }
            #expect(layout.offsets.count == requests.count)
            #expect(layout.offsets.allSatisfy { $0 >= 0 && $0 % alignment == 0 }, "seed \(seed)")
            #expect(layout.size <= requests.reduce(0) { $0 + rounded($1.size) }, "seed \(seed)")
            for (a, first) in requests.enumerated() {
                #expect(layout.offsets[a] + first.size <= layout.size, "seed \(seed)")
                for (b, second) in requests.enumerated().dropFirst(a + 1)
                where first.first <= second.last && second.first <= first.last {
                    let apart =
                        layout.offsets[a] + first.size <= layout.offsets[b]
                        || layout.offsets[b] + second.size <= layout.offsets[a]
                    #expect(apart, "seed \(seed), round \(round): \(first) and \(second)")
                }
            }
            // What lives at one moment must fit.
            let peak =
                (0...42).map { step in
                    requests.filter { $0.first <= step && step <= $0.last }.reduce(0) { $0 + $1.size }
                }.max() ?? 0
            #expect(layout.size >= peak)
        }
    }

    @Test func memoryIsReused() {
        // A chain needs two neighbours at a time.
        let chain = (0..<50).map { ArenaLayout.Request(size: 1024, first: $0, last: $0 + 1) }
        #expect(ArenaLayout(chain, alignment: 64).size == 2048)
        #expect(ArenaLayout([], alignment: 64).size == 0)
    }
}
