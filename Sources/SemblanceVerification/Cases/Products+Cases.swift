import SemblanceCore

extension OpCase {
    /// Fully connected layers and what goes with them.
    static let products: [OpCase] = {
        // N, K, M.
        let sizes = [
            (1, 1, 1), (1, 7, 5), (5, 1, 3), (3, 4, 1), (2, 33, 17), (7, 64, 64), (1, 512, 128),
            (3, 129, 257), (17, 100, 31), (33, 65, 66), (1, 2048, 33), (4, 300, 1000), (65, 128, 130),
        ]
        return sizes.flatMap { n, k, m -> [OpCase] in
            func fill(_ sums: Int) -> Fill { sums < 8 ? .uniform(0.1...1) : .normal }
            let detail = "\(n) x \(k) -> \(m)"
            let forward = fill(n * m), forX = fill(n * k), forWeight = fill(m * k)
            var plain = OpCase(
                .fullyConnected(FullyConnected(hasBias: false)), detail,
                [.init([n, k], forward), .init([m, k], forward)], [.init([n, m], reduction: k)])
            plain.parameters = 1..<2
            var biased = OpCase(
                .fullyConnected(FullyConnected(hasBias: true)), detail + " + bias",
                [.init([n, k], forward), .init([m, k], forward), .init([m], forward)],
                [.init([n, m], reduction: k + 1)])
            biased.parameters = 1..<3
            var inputGradient = OpCase(
                .fullyConnectedInputGradient, detail, [.init([n, m], forX), .init([m, k], forX)],
                [.init([n, k], reduction: m)])
            inputGradient.parameters = 1..<2
            let weightGradient = OpCase(
                .fullyConnectedWeightGradient, detail,
                [.init([n, k], forWeight), .init([n, m], forWeight)],
                [.init([m, k], reduction: n)])
            return [plain, biased, inputGradient, weightGradient]
        } + biasGradients
    }()

    private static let biasGradients: [OpCase] = {
        let shapes: [Shape] = [
            [1, 1], [3, 1], [1, 5], [33, 17], [2, 3, 5, 7], [1, 64, 1, 1], [5, 1, 9, 9], [4, 65, 14, 14],
            [1, 8, 112, 112],
        ]
        return shapes.map { dy in
            let fill: Fill = dy.channels < 8 ? .uniform(0.1...1) : .normal
            return OpCase(
                .biasGradient, "\(dy)", [.init(dy, fill)],
                [.init([dy.channels], reduction: dy.count / dy.channels)])
        }
    }()
}
