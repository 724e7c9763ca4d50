import Foundation
import SemblanceCore

/// A file of results as the benchmark scripts write it: one row for each comparison with a peer, of which our side counts here.
public struct BenchmarkResults: Sendable, Decodable {
    /// One comparison.
    public struct Row: Sendable, Decodable {
        public var name: String
        /// Of every turn, in milliseconds.
        public var times: [Double]

        private enum CodingKeys: String, CodingKey {
            case name
            case times = "semblance_times_ms"
        }

        /// From the 10th to the 90th percentile.
        var range: ClosedRange<Double> { times.quantile(0.1)...times.quantile(0.9) }
    }

    public var date: String
    public var processor: String?
    /// Of the program that was timed, where it was known.
    public var commit: String?
    public var results: [Row]

    /// - Throws: `invalidInput` for a file that cannot be read, or holds no such results, or two rows of one name.
    public static func read(_ path: String) throws(SemblanceError) -> BenchmarkResults {
        let bytes = try readFile(path, limit: 64 << 20)
        do {
            let results = try JSONDecoder().decode(BenchmarkResults.self, from: Data(bytes))
            guard results.results.allSatisfy({ ($0.times.min() ?? 0) > 0 }) else {
                throw SemblanceError(.invalidInput, "\(path) has a row without times")
            }
            var names: Set<String> = []
            if let twice = results.results.first(where: { !names.insert($0.name).inserted }) {
                throw SemblanceError(.invalidInput, "\(path) has two rows named \(twice.name)")
            }
            return results
        } catch let error as SemblanceError {
            throw error
        } catch {
            throw SemblanceError(
                .invalidInput, "\(path) holds no results of a benchmark",
                remedy: "name files of Benchmarks/results, or what `make bench` wrote", cause: error)
        }
    }

    /// How a row of one file compares with that of another.
    public struct Change: Sendable, Encodable {
        public var name: String
        public var beforeMs: Double
        public var afterMs: Double
        /// Above 1 where the later is faster.
        public var speedup: Double
        /// Whether the ranges from the 10th to the 90th percentile of both sides' times overlap: then nothing can be said.
        public var isWithinNoise: Bool
    }

    /// The rows that both have, in this one's order, and the names that only one has.
    public func changes(to later: BenchmarkResults) -> (rows: [Change], unmatched: [String]) {
        let others = Dictionary(later.results.map { ($0.name, $0) }, uniquingKeysWith: { $1 })
        let rows = results.compactMap { row -> Change? in
            guard let other = others[row.name] else { return nil }
            let before = row.times.median, after = other.times.median
            return Change(
                name: row.name, beforeMs: before, afterMs: after, speedup: before / after,
                isWithinNoise: row.range.overlaps(other.range))
        }
        let shared = Set(rows.map(\.name))
        return (rows, (results + later.results).map(\.name).filter { !shared.contains($0) })
    }
}
