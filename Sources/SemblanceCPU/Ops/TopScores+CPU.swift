import COneDNN
import SemblanceCore
import Synchronization

/// Scores of a tile of faces against all queries, and the best of them kept: the scores of all faces never exist at once.
///
/// Up to 32 queries are a scan that fetches the next faces while it multiplies. More are a product of oneDNN whose "weights" are the queries,
/// packed once a run. The faces are read as they lie, a tile of them and its scores fit the second-level cache, and each thread takes
/// tiles for itself, so that none waits before the end. A tile's scores are compared with each query's worst score in the list, which few pass.
struct TopScores {
    private let queries: Int
    private let faces: Int
    private let dimension: Int
    private let count: Int
    /// Faces of a tile. The last tile is as long as the others, and begins earlier.
    private let tile: Int
    private let workers: Int

    /// Bytes of a tile and its scores: half of a usual second-level cache.
    private static let tileBytes = 512 << 10

    init(_ step: Step, _ lowering: Lowering, count: Int) {
        (queries, dimension) = (lowering.shape(step.inputs[0])[0], lowering.shape(step.inputs[0])[1])
        faces = lowering.shape(step.inputs[1])[0]
        self.count = count
        let rows = Self.tileBytes / 4 / max(dimension + queries, 1)
        tile = min(max(rows / 16 * 16, 16), max(faces, 1))
        workers = max(1, min(lowering.threads, (faces + tile - 1) / tile))
    }

    func lower(_ step: Step, _ lowering: Lowering) throws(SemblanceError) {
        // Workers share nothing but the queries, so the product itself is to take one thread.
        omp_set_num_threads(1)
        defer { omp_set_num_threads(Int32(lowering.threads)) }
        let product =
            queries > TopScoresWorker.mostScanned && faces > 0 && dimension > 0
            ? try descriptor(lowering) : nil
        let packed =
            if let product {
                try lowering.source(step.inputs[0], as: product.layout(DNNL_ARG_WEIGHTS))
            } else {
                try lowering.plain(step.inputs[0])
            }
        let known = try lowering.plain(step.inputs[1]), groups = try lowering.plain(step.inputs[2])
        // For each worker: scores of a tile, lists of scores, places and groups, and what a score must exceed.
        let space = lowering.temporary(try MemoryDescriptor([workers * workerCount]))
        let scratch = ((product?.scratchSize ?? 0) + 63) / 64 * 64
        let engine = lowering.engine, threads = lowering.threads
        try lowering.definePlain(step.outputs[0]) { (scores) throws(SemblanceError) in
            try lowering.definePlain(step.outputs[1]) { places in
                let name = "topScores " + (product?.implementation ?? "scan")
                let uses = [packed, known, groups, space, scores, places]
                let task = Task(name: name, uses: uses, scratch: workers * scratch) {
                    (resolve, scratchStart) throws(SemblanceError) in
                    omp_set_num_threads(1)
                    defer { omp_set_num_threads(Int32(threads)) }
                    var pool: [TopScoresWorker] = []
                    for index in 0..<workers {
                        let start = resolve(space) + index * workerCount
                        let bound = try product.map { (product) throws(SemblanceError) in
                            try BoundPrimitive(
                                product, on: engine,
                                arguments: [
                                    (
                                        DNNL_ARG_SRC, try MemoryDescriptor([tile, dimension]),
                                        UnsafeMutableRawPointer(resolve(known))
                                    ),
                                    (
                                        DNNL_ARG_WEIGHTS, packed.layout,
                                        UnsafeMutableRawPointer(resolve(packed))
                                    ),
                                    (
                                        DNNL_ARG_DST, try MemoryDescriptor([tile, queries]),
                                        UnsafeMutableRawPointer(start)
                                    ),
                                ], scratch: scratchStart.map { $0 + index * scratch })
                        }
                        pool.append(
                            TopScoresWorker(
                                queryCount: queries, count: count, tile: tile, dimension: dimension,
                                memory: start,
                                queries: resolve(packed), faces: resolve(known), groups: resolve(groups),
                                product: bound))
                    }
                    let target = (resolve(scores), resolve(places))
                    let cursor = TileCursor()
                    return { [self, pool] () throws(SemblanceError) in
                        try run(pool, cursor, into: target)
                    }
                }
                lowering.append(task)
            }
        }
    }

    /// Floats that one worker has for itself.
    private var workerCount: Int {
        let count = TopScoresWorker.memoryCount(
            queries: queries, count: count, tile: tile, dimension: dimension)
        return (count + 15) / 16 * 16
    }

    private func descriptor(_ lowering: Lowering) throws(SemblanceError) -> PrimitiveDescriptor {
        var description = dnnl_inner_product_desc_t()
        var source = try MemoryDescriptor([tile, dimension]).raw
        var weights = try MemoryDescriptor.any([queries, dimension]).raw
        var target = try MemoryDescriptor([tile, queries]).raw
        let what = "the scores of \(tile) faces and \(queries) queries"
        try check(what) {
            dnnl_inner_product_forward_desc_init(
                &description, dnnl_forward_inference, &source, &weights, nil, &target)
        }
        return try PrimitiveDescriptor(what, description, on: lowering.engine)
    }

    private func run(
        _ pool: [TopScoresWorker], _ cursor: TileCursor,
        into target: (scores: UnsafeMutablePointer<Float>, places: UnsafeMutablePointer<Float>)
    ) throws(SemblanceError) {
        let problem = Mutex<SemblanceError?>(nil)
        let tiles = (faces + tile - 1) / tile
        cursor.reset()
        parallel(workers, block: 1, threads: workers) { index, _ in
            pool[index].reset()
            while let next = cursor.take(below: tiles) {
                let first = next * tile
                do throws(SemblanceError) {
                    try pool[index].score(start: min(first, faces - tile), first: first)
                } catch {
                    problem.withLock { $0 = error }
                }
            }
        }
        if let error = problem.withLock({ $0 }) { throw error }
        for worker in pool.dropFirst() { pool[0].merge(worker) }
        pool[0].write(to: target.scores, target.places)
    }
}

/// Hands out tiles to whoever is free: a thread that the machine interrupts holds nobody up. Each gets its tiles in order, so that of equal scores it meets
/// the first face first, which `parallel(shares:items:body:)` does not promise.
private final class TileCursor: Sendable {
    private let next = Atomic(0)

    func reset() { next.store(0, ordering: .relaxed) }

    func take(below count: Int) -> Int? {
        let taken = next.wrappingAdd(1, ordering: .relaxed).oldValue
        return taken < count ? taken : nil
    }
}
