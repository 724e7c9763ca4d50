import COneDNN
import SemblanceCore

/// Runs `body` on blocks of 0..<count, on the team of threads that oneDNN uses. The blocks do not depend on the number of threads, so
/// a sum that keeps one partial result a block is the same for any.
/// - Parameter block: elements of a block, at least 1.
func parallel(
    _ count: Int, block: Int, threads: Int, _ body: (_ index: Int, _ range: Range<Int>) -> Void
) {
    let blocks = (count + block - 1) / block
    guard blocks > 1, threads > 1 else {
        for index in 0..<blocks { body(index, index * block..<min(count, (index + 1) * block)) }
        return
    }
    withoutActuallyEscaping(body) { body in
        var region = Region(blocks: blocks) { index in
            body(index, index * block..<min(count, (index + 1) * block))
        }
        withUnsafeMutablePointer(to: &region) { region in
            GOMP_parallel(
                { data in
                    guard let region = data?.assumingMemoryBound(to: Region.self) else { return }
                    let team = Int(omp_get_num_threads()), thread = Int(omp_get_thread_num())
                    var index = thread
                    while index < region.pointee.blocks {
                        region.pointee.body(index)
                        index += team
                    }
                }, region, UInt32(min(threads, blocks)), 0)
        }
    }
}

private struct Region {
    let blocks: Int
    let body: (Int) -> Void
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
