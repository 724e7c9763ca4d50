import SemblanceCore

extension OpCase {
    static let searches: [OpCase] = {
        // Q, P, D and k; small whole numbers make exact scores with many ties, which the order must settle.
        let sizes = [
            (1, 1, 1, 1), (1, 7, 1, 3), (3, 5, 2, 9), (2, 33, 3, 4), (1, 100, 5, 10), (17, 64, 4, 5),
            (5, 257, 31, 7),
            (32, 300, 33, 10), (1, 1000, 64, 20), (47, 2000, 40, 3), (1, 5001, 129, 10), (33, 5003, 128, 1),
        ]
        return sizes.flatMap { queries, faces, dimension, count -> [OpCase] in
            // Everybody with one face; some people with many and faces that do not count; one person alone.
            var groups: [(String, Fill)] = [
                ("one face each", .fixed((0..<faces).map(Float.init))),
                ("many faces each", .integers(-1...max(faces / 8, 1))),
                ("one person", .integers(0...0)),
            ]
            if queries == 1 { groups.append(("nobody", .integers(-2 ... -1))) }
            return groups.flatMap { detail, groups -> [OpCase] in
                [("ties", Fill.integers(-2...2)), ("normal", .normal)].map { kind, fill in
                    OpCase(
                        .topScores(count: count),
                        "\(queries) of \(faces)x\(dimension), best \(count), \(detail), \(kind)",
                        [
                            .init([queries, dimension], fill), .init([faces, dimension], fill),
                            .init([faces], groups),
                        ],
                        [.init([queries, count], reduction: dimension, scale: 1), .init([queries, count])])
                }
            }
        } + [
            OpCase(
                .topScores(count: 4), "NaN and infinity",
                [
                    .init([2, 1], .fixed([1, -1])),
                    .init([8, 1], .fixed([.nan, 1, .infinity, -.infinity, 3, .nan, 3, 2])),
                    .init([8], .fixed([0, 1, 2, 3, 4, 5, 6, 1])),
                ], [.init([2, 4]), .init([2, 4])])
        ]
    }()
}
