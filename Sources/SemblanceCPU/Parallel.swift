import COneDNN
import SemblanceCore
import Synchronization

/// Runs `body` on blocks of 0..<count, on the team of threads that oneDNN uses. The blocks do not depend on the number of threads, so
/// a sum that keeps one partial result a block is the same for any.
/// - Parameter block: elements of a block, at least 1.
func parallel(
    _ count: Int, block: Int, threads: Int, _ body: (_ index: Int, _ range: Range<Int>) -> Void
) {
    let blocks = (count + block - 1) / block, shares = max(min(threads, blocks), 1)
    func first(_ share: Int) -> Int { blocks * share / shares }
    parallel(shares: shares) {
        first($0 + 1) - first($0)
    } body: { _, share, item in
        let index = first(share) + item
        body(index, index * block..<min(count, (index + 1) * block))
    }
}

/// Runs `body` for the items of every share, a thread for each. A thread begins with its own share, in order, and goes on with what others have not
/// begun: the cores of a shared machine differ in speed from moment to moment.
/// - Parameters:
///   - items: how many a share has.
///   - body: gets the thread, below `shares`, which runs nothing else meanwhile, and what it is to do.
package func parallel(
    shares: Int, items: (_ share: Int) -> Int, body: (_ thread: Int, _ share: Int, _ item: Int) -> Void
) {
    guard shares > 1 else {
        for share in 0..<shares { for item in 0..<items(share) { body(0, share, item) } }
        return
    }
    // How many of a share have been begun: counters that share no cache line, nor a pair that is fetched together.
    let spacing = 16
    let begun = UnsafeMutablePointer<Atomic<Int>>.allocate(capacity: shares * spacing)
    for index in 0..<shares * spacing { (begun + index).initialize(to: Atomic(0)) }
    defer {
        begun.deinitialize(count: shares * spacing)
        begun.deallocate()
    }
    withoutActuallyEscaping(items) { items in
        withoutActuallyEscaping(body) { body in
            var region = Region { thread in
                for offset in 0..<shares {
                    let share = (thread + offset) % shares, count = items(share)
                    while begun[share * spacing].load(ordering: .relaxed) < count {
                        let item = begun[share * spacing].wrappingAdd(1, ordering: .relaxed).oldValue
                        if item < count { body(thread, share, item) }
                    }
                }
            }
            withUnsafeMutablePointer(to: &region) { region in
                GOMP_parallel(
                    { data in
                        data?.assumingMemoryBound(to: Region.self).pointee.body(Int(omp_get_thread_num()))
                    }, region, UInt32(shares), 0)
            }
        }
    }
}

private struct Region {
    let body: (_ thread: Int) -> Void
}

/// Runs `body` with at most so many threads for what it starts from this one.
func withThreads<Result>(_ threads: Int32, _ body: () throws(SemblanceError) -> Result) throws(SemblanceError)
    -> Result
{
    let before = omp_get_max_threads()
    guard threads != before else { return try body() }
    omp_set_num_threads(threads)
    defer { omp_set_num_threads(before) }
    return try body()
}
