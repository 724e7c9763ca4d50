import Foundation
import SemblanceCPU
import Synchronization
import Testing

@Suite struct ParallelTests {
    @Test func everyItemRunsOnce() {
        for _ in 0..<200 {
            let counts = (0..<Int.random(in: 0...9)).map { _ in Int.random(in: 0...40) }
            let runs = Mutex(counts.map { Array(repeating: 0, count: $0) })
            let busy = Mutex(Set<Int>()), overlaps = Mutex(0)
            parallel(shares: counts.count) {
                counts[$0]
            } body: { thread, share, item in
                let isAlone = busy.withLock { $0.insert(thread).inserted }
                if !isAlone || !counts.indices.contains(thread) { overlaps.withLock { $0 += 1 } }
                runs.withLock { $0[share][item] += 1 }
                busy.withLock { _ = $0.remove(thread) }
            }
            #expect(runs.withLock(\.self) == counts.map { Array(repeating: 1, count: $0) })
            #expect(overlaps.withLock(\.self) == 0)
        }
    }

    /// A share whose thread is held up in its first item.
    @Test func othersTakeWhatASlowThreadHasNotBegun() {
        let done = Atomic(0), items = 12
        let isFinished = Atomic(false)
        parallel(shares: 2) { _ in
            items
        } body: { _, share, item in
            guard share == 0, item == 0 else {
                done.wrappingAdd(1, ordering: .relaxed)
                return
            }
            let deadline = Date(timeIntervalSinceNow: 30)
            while done.load(ordering: .relaxed) < 2 * items - 1, Date() < deadline { usleep(1000) }
            isFinished.store(done.load(ordering: .relaxed) == 2 * items - 1, ordering: .relaxed)
        }
        let all = isFinished.load(ordering: .relaxed)
        #expect(all)
    }
}
