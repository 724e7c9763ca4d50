import SemblanceCore

extension OpCase {
    static let windows: [OpCase] = shapes.flatMap { poolings($0.0, $0.1) } + global

    private static let shapes: [(Shape, Window)] = [
        ([1, 1, 1, 1], Window(kernel: Extent(1))),
        ([1, 1, 2, 2], Window(kernel: Extent(2))),
        ([1, 2, 1, 9], Window(kernel: Extent(1, 3), stride: Extent(1, 2))),
        ([2, 3, 8, 8], Window(kernel: Extent(2), stride: Extent(2))),
        ([2, 3, 7, 9], Window(kernel: Extent(2), stride: Extent(2))),
        ([1, 4, 9, 11], Window(kernel: Extent(3), stride: Extent(2), padding: Padding(1))),
        ([2, 2, 6, 7], Window(kernel: Extent(3), padding: Padding(1))),
        (
            [1, 3, 8, 6],
            Window(
                kernel: Extent(3, 2), stride: Extent(1, 3),
                padding: Padding(top: 2, left: 0, bottom: 0, right: 1))
        ),
        ([1, 2, 9, 9], Window(kernel: Extent(2), stride: Extent(3))),
        ([3, 5, 5, 5], Window(kernel: Extent(5))),
        ([1, 17, 28, 28], Window(kernel: Extent(3), stride: Extent(2), padding: Padding(1))),
        ([2, 64, 14, 14], Window(kernel: Extent(2), stride: Extent(2))),
    ]

    private static func poolings(_ x: Shape, _ window: Window) -> [OpCase] {
        let rows = x.height + window.padding.top + window.padding.bottom - window.kernel.height
        let columns = x.width + window.padding.left + window.padding.right - window.kernel.width
        let y: Shape = [
            x.batch, x.channels, rows / window.stride.height + 1, columns / window.stride.width + 1,
        ]
        let p = window.padding
        let detail =
            "\(x), \(window.kernel) stride \(window.stride) padding \(p.top),\(p.left),\(p.bottom),\(p.right)"
        let area = window.kernel.count
        var cases = [
            OpCase(.maxPool(window), detail, [.init(x)], [.init(y)]),
            OpCase(
                .maxPoolGradient(window), detail, [.init(x, .distinct), .init(y)], [.init(x, reduction: area)]
            ),
            OpCase(
                .maxPoolGradient(window), detail + " with ties", [.init(x, .integers(-1...1)), .init(y)],
                [.init(x, reduction: area)]),
        ]
        for countsPadding in [false, true] where !countsPadding || window.padding != Padding(0) {
            let pool = AveragePool(window: window, countsPadding: countsPadding)
            let detail = countsPadding ? detail + " counting padding" : detail
            cases += [
                OpCase(
                    .averagePool(pool), detail, [.init(x, y.count < 8 ? .uniform(0.1...1) : .normal)],
                    [.init(y, reduction: area)]),
                OpCase(.averagePoolGradient(pool), detail, [.init(y)], [.init(x, reduction: area)]),
            ]
        }
        return cases
    }

    private static let global: [OpCase] = {
        let shapes: [Shape] = [
            [1, 1, 1, 1], [2, 3, 1, 1], [1, 5, 7, 7], [3, 64, 4, 4], [2, 9, 3, 17], [1, 32, 33, 31],
        ]
        return shapes.flatMap { x in
            let y: Shape = [x.batch, x.channels, 1, 1]
            return [
                OpCase(
                    .globalAveragePool, "\(x)", [.init(x, y.count < 8 ? .uniform(0.1...1) : .normal)],
                    [.init(y, reduction: x.spatialCount)]),
                OpCase(.globalAveragePoolGradient, "\(x)", [.init(y)], [.init(x)]),
            ]
        }
    }()
}
