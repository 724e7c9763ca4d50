import SemblanceCore

extension Reference {
    /// queries, faces, groups -> scores, places: everything is scored and sorted, and a group's second face skipped.
    static func topScores(_ inputs: [DoubleTensor], count: Int, into outputs: inout [DoubleTensor]) {
        let queries = inputs[0], faces = inputs[1], groups = inputs[2]
        let width = queries.shape[1]
        for query in 0..<queries.shape[0] {
            var scored: [(score: Double, place: Int)] = []
            for place in 0..<faces.shape[0] where groups[place] >= 0 {
                var score = 0.0
                for column in 0..<width {
                    score += queries[query * width + column] * faces[place * width + column]
                }
                if score > -.infinity { scored.append((score, place)) }
            }
            scored.sort { $0.score > $1.score || $0.score == $1.score && $0.place < $1.place }
            var seen: Set<Double> = []
            scored = scored.filter { seen.insert(groups[$0.place]).inserted }
            for rank in 0..<count {
                outputs[0][query * count + rank] = rank < scored.count ? scored[rank].score : -.infinity
                outputs[1][query * count + rank] = rank < scored.count ? Double(scored[rank].place) : -1
            }
        }
    }
}
