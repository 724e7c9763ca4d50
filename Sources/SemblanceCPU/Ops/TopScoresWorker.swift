import COneDNN
import CVectorKernels
import SemblanceCore

/// What one thread knows of the best faces, and how it compares a tile of others with them.
final class TopScoresWorker {
    private let queries: Int
    private let count: Int
    private let tile: Int
    private let dimension: Int
    /// [tile, line].
    private let scores: UnsafeMutablePointer<Float>
    private let line: Int
    /// [dimension, line]: the queries as a scan wants them; empty where it takes the only one as it is, or oneDNN computes.
    private let turned: UnsafeMutablePointer<Float>
    /// [queries]: the last score of each list.
    private let worst: UnsafeMutablePointer<Float>
    private let lists: [BestFaces]
    /// Row-major, where there is no product.
    private let rawQueries: UnsafePointer<Float>
    private let faces: UnsafeMutablePointer<Float>
    private let groups: UnsafePointer<Float>
    private let product: BoundPrimitive?

    /// More are oneDNN's.
    static let mostScanned = 32

    /// Whether a scan takes several queries side by side.
    private static func turns(_ queries: Int) -> Bool { (2...mostScanned).contains(queries) }

    /// Scores of a face, with those that the scan computes for nothing.
    private static func line(_ queries: Int) -> Int { turns(queries) ? (queries + 15) / 16 * 16 : queries }

    private static func turnedCount(_ queries: Int, _ dimension: Int) -> Int {
        turns(queries) ? line(queries) * dimension : 0
    }

    /// Floats that a worker needs for scores, turned queries, lists and their worst scores.
    static func memoryCount(queries: Int, count: Int, tile: Int, dimension: Int) -> Int {
        tile * line(queries) + turnedCount(queries, dimension) + queries * (3 * count + 1)
    }

    init(
        queryCount queries: Int, count: Int, tile: Int, dimension: Int, memory: UnsafeMutablePointer<Float>,
        queries rawQueries: UnsafePointer<Float>, faces: UnsafeMutablePointer<Float>,
        groups: UnsafePointer<Float>,
        product: BoundPrimitive?
    ) {
        self.queries = queries
        self.count = count
        self.tile = tile
        self.dimension = dimension
        self.rawQueries = rawQueries
        self.faces = faces
        self.groups = groups
        self.product = product
        scores = memory
        line = Self.line(queries)
        turned = memory + tile * line
        worst = turned + Self.turnedCount(queries, dimension)
        let start = worst + queries
        lists = (0..<queries).map { BestFaces(memory: start + $0 * 3 * count, count: count) }
    }

    func reset() {
        for (index, list) in lists.enumerated() {
            list.reset()
            worst[index] = -.infinity
        }
        guard Self.turns(queries) else { return }
        for index in 0..<dimension {
            for query in 0..<line {
                turned[index * line + query] = query < queries ? rawQueries[query * dimension + index] : 0
            }
        }
    }

    /// Compares the tile of faces from `start` on, of which those before `first` have been seen.
    func score(start: Int, first: Int) throws(SemblanceError) {
        let rows = faces + start * dimension
        if let product {
            try product.move(DNNL_ARG_SRC, to: rows)
            try product.run()
        } else if queries == 1 {
            semblance_scan(rawQueries, rows, tile, dimension, scores)
        } else {
            semblance_scores(turned, rows, tile, dimension, scores, Int32(line / 16))
        }
        for row in first - start..<tile {
            let found = scores + row * line
            var index = 0
            while index + 16 <= queries {
                let passes = vector(found + index) .> vector(worst + index)
                if any(passes) {
                    for lane in 0..<16 where passes[lane] {
                        offer(index + lane, found[index + lane], start + row)
                    }
                }
                index += 16
            }
            while index < queries {
                if found[index] > worst[index] { offer(index, found[index], start + row) }
                index += 1
            }
        }
    }

    private func offer(_ index: Int, _ score: Float, _ place: Int) {
        guard groups[place] >= 0 else { return }
        lists[index].offer(score, Float(place), groups[place])
        worst[index] = lists[index].worst
    }

    /// Takes over another's lists.
    func merge(_ other: TopScoresWorker) {
        for (list, others) in zip(lists, other.lists) {
            for index in 0..<count where others.places[index] >= 0 {
                list.offer(others.scores[index], others.places[index], others.groups[index])
            }
        }
    }

    func write(to scores: UnsafeMutablePointer<Float>, _ places: UnsafeMutablePointer<Float>) {
        for (index, list) in lists.enumerated() {
            (scores + index * count).update(from: list.scores, count: count)
            (places + index * count).update(from: list.places, count: count)
        }
    }
}

/// The best faces for one query so far, the best first, one of each group.
private struct BestFaces {
    let scores: UnsafeMutablePointer<Float>
    let places: UnsafeMutablePointer<Float>
    let groups: UnsafeMutablePointer<Float>
    private let count: Int

    init(memory: UnsafeMutablePointer<Float>, count: Int) {
        scores = memory
        places = memory + count
        groups = memory + 2 * count
        self.count = count
    }

    /// What a score must exceed, or equal at a lower place.
    var worst: Float { scores[count - 1] }

    func reset() {
        scores.update(repeating: -.infinity, count: count)
        places.update(repeating: -1, count: count)
        groups.update(repeating: -1, count: count)
    }

    /// Whether a face ranks before the one in the list.
    private func precedes(_ score: Float, _ place: Float, _ index: Int) -> Bool {
        score > scores[index] || score == scores[index] && place < places[index]
    }

    /// Takes a face in if it ranks before the last, or before the one that its group has in the list. That keeps the list exact: whatever is
    /// pushed out has `count` better groups before it, and comes back only with a better face.
    func offer(_ score: Float, _ place: Float, _ group: Float) {
        guard precedes(score, place, count - 1) else { return }
        var hole = count - 1
        for index in 0..<count where groups[index] == group {
            guard precedes(score, place, index) else { return }
            hole = index
            break
        }
        while hole > 0, precedes(score, place, hole - 1) {
            scores[hole] = scores[hole - 1]
            places[hole] = places[hole - 1]
            groups[hole] = groups[hole - 1]
            hole -= 1
        }
        scores[hole] = score
        places[hole] = place
        groups[hole] = group
    }
}

private func vector(_ start: UnsafePointer<Float>) -> SIMD16<Float> {
    UnsafeRawPointer(start).loadUnaligned(as: SIMD16<Float>.self)
}
