import SemblanceCore

extension OpCase {
    static let losses: [OpCase] = {
        // N, C, and whether the logits are cosines.
        let sizes = [(1, 1), (1, 2), (3, 5), (7, 10), (32, 40), (5, 257), (4, 1000), (3, 5001)]
        let margins: [MarginSoftmax] = [
            MarginSoftmax(margin: .none, scale: 1), MarginSoftmax(margin: .none, scale: 16),
            MarginSoftmax(margin: .arcFace(0.5), scale: 64), MarginSoftmax(margin: .arcFace(0.3), scale: 30),
            MarginSoftmax(margin: .cosFace(0.4), scale: 64),
        ]
        return sizes.flatMap { n, classes in
            margins.flatMap { loss -> [OpCase] in
                let fill: Fill = loss.margin == .none ? .normal : .cosines
                // exp multiplies the logits' relative error by their size, the scale.
                let reduction = classes + Int(loss.scale * loss.scale)
                let inputs: [Input] = [.init([n, classes], fill), .init([n], .integers(0...classes - 1))]
                let detail = "\(loss.margin) s \(loss.scale) \(n)x\(classes)"
                return [
                    OpCase(
                        .marginSoftmax(loss), detail, inputs,
                        [.init([n], reduction: reduction, scale: 1), .init([n])]),
                    OpCase(
                        .marginSoftmaxGradient(loss), detail, inputs,
                        [.init([n, classes], reduction: reduction, scale: loss.scale / Float(n) / 100)]),
                    OpCase(
                        .marginSoftmaxGradient(loss), detail + ", scaled",
                        inputs + [.init([1], .fixed([4]))],
                        [.init([n, classes], reduction: reduction, scale: loss.scale / Float(n) / 25)]),
                ]
            }
        } + edges
    }()

    /// The label's cosine on both sides of every corner: near 1 and -1, where ArcFace's margin gives way, and at 1 and -1 or
    /// beyond. There the derivative is clamped at sin(m) / sqrt(1e-7), about 1500, which multiplies the rounding of a probability.
    private static let edges: [OpCase] = {
        let near: [Float] = [0.9999, -0.9999, 0.999, -0.999, 0, -0.8775, -0.8777, -0.86, -0.89, 0.5]
        let beyond: [Float] = [1, -1, 1 + 0x1p-23, -1 - 0x1p-23]
        return [MarginSoftmax.Margin.none, .arcFace(0.5), .cosFace(0.35)].flatMap { margin in
            edges(margin, "corners", near, scale: 0)
                + edges(margin, "1 and beyond", beyond, scale: 1500 * 10 / Float(beyond.count))
        }
    }()

    private static func edges(
        _ margin: MarginSoftmax.Margin, _ detail: String, _ label: [Float], scale: Float
    ) -> [OpCase] {
        let loss = MarginSoftmax(margin: margin, scale: 10)
        let values = label.flatMap { [$0, 0.2, -0.3] as [Float] }
        let labels = [Float](repeating: 0, count: label.count)
        let inputs: [Input] = [
            .init([label.count, 3], .fixed(values)), .init([label.count], .fixed(labels)),
        ]
        let isClamped: Bool = if case .arcFace = margin { true } else { false }
        return [
            OpCase(
                .marginSoftmax(loss), "\(margin), \(detail)", inputs,
                [.init([label.count], reduction: 103), .init([label.count])]),
            OpCase(
                .marginSoftmaxGradient(loss), "\(margin), \(detail)", inputs,
                [.init([label.count, 3], reduction: 103, scale: isClamped ? scale : 0)]),
        ]
    }

    static let optimisers: [OpCase] = [1, 5, 256, 1000, 70_001].flatMap { count in
        let sgds = [SGD(momentum: 0.9, weightDecay: 5e-4), SGD(momentum: 0, weightDecay: 0)]
        let adams = [AdamW(weightDecay: 0.01), AdamW(beta1: 0.8, beta2: 0.95, epsilon: 1e-6, weightDecay: 0)]
        return sgds.flatMap { updates(.sgd($0), "momentum \($0.momentum)", moments: 1, count) }
            + adams.flatMap { updates(.adamW($0), "decay \($0.weightDecay)", moments: 2, count) }
    }

    /// Without a limit, below it, above it, the last two with a scaled loss, and with a gradient that is not finite: then nothing may change.
    private static func updates(_ op: Op, _ variant: String, moments: Int, _ count: Int) -> [OpCase] {
        let clips: [(limit: Float, squaredNorm: Float, exponent: Float, detail: String)] = [
            (.infinity, 9, 0, "no clipping"), (5, 24, 0, "below the limit"), (5, 400, 0, "clipped"),
            (5, .nan, 0, "NaN norm"), (5, .infinity, 0, "infinite norm"),
            (5, 5000, 4, "below the limit, scaled"), (5, 90_000, 4, "clipped, scaled"),
        ]
        return clips.map { limit, squaredNorm, exponent, detail in
            let hyper: [Float] = [0.1, limit, 1.9, 30, exponent, 0, 0, 0]
            let gradient: Fill =
                squaredNorm.isNaN ? .fixed([Float](repeating: .nan, count: count)) : .normal
            var outputs: [Output] = [.init([count], reduction: 4, before: .uniform(0.5...1.5), scale: 1)]
            outputs.append(.init([count], reduction: 4, before: .normal, scale: 1))
            if moments == 2 { outputs.append(.init([count], reduction: 4, before: .uniform(0.1...1))) }
            return OpCase(
                op, "\(variant) \(count), \(detail)",
                [
                    .init([count], gradient), .init([Hyperparameter.count], .fixed(hyper)),
                    .init([1], .fixed([squaredNorm])),
                ], outputs)
        }
    }
}
