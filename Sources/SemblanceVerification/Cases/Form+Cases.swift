import SemblanceCore

extension OpCase {
    static let forms: [OpCase] = reshapes + transposes + concats + pads + resizes + linearResizes

    private static let reshapes: [OpCase] = {
        let pairs: [([Int], Shape, Shape)] = [
            ([0, -1], [1, 1, 1, 1], [1, 1]), ([0, -1], [3, 4, 5, 7], [3, 140]),
            ([2, 3, -1], [6, 9], [2, 3, 9]),
            ([-1], [2, 3, 5], [30]),
        ]
        return pairs.map { target, x, y in OpCase(.reshape(target), "\(x) to \(y)", [.init(x)], [.init(y)]) }
    }()

    private static let transposes: [OpCase] = {
        let pairs: [(Shape, [Int])] = [
            ([1, 1], [1, 0]), ([5, 3], [1, 0]), ([33, 65], [1, 0]), ([5, 3], [0, 1]),
            ([2, 3, 4], [2, 0, 1]),
            ([2, 3, 5, 7], [0, 2, 3, 1]), ([2, 3, 5, 7], [3, 1, 0, 2]), ([2, 1, 3, 1, 4], [4, 2, 0, 1, 3]),
            ([1, 64, 14, 14], [0, 2, 3, 1]),
        ]
        return pairs.map { x, permutation in
            OpCase(
                .transpose(permutation), "\(x) by \(permutation)", [.init(x)],
                [.init(Shape(permutation.map { x[$0] }))])
        }
    }()

    private static let concats: [OpCase] = {
        let lists: [(Int, [Shape])] = [
            (0, [[1]]), (0, [[3], [5]]), (1, [[2, 3], [2, 1], [2, 4]]), (0, [[2, 3], [1, 3]]),
            (1, [[2, 3, 4, 5], [2, 1, 4, 5]]), (3, [[2, 3, 4, 5], [2, 3, 4, 1], [2, 3, 4, 2]]),
            (2, [[1, 2, 3, 3], [1, 2, 5, 3]]), (1, [[1, 64, 14, 14], [1, 33, 14, 14]]),
        ]
        return lists.flatMap { axis, shapes -> [OpCase] in
            var y = shapes[0]
            y[axis] = shapes.reduce(0) { $0 + $1[axis] }
            let joined = OpCase(
                .concat(axis: axis), "axis \(axis) of \(shapes.map(\.description).joined(separator: ", "))",
                shapes.map { .init($0) }, [.init(y)])
            var start = 0
            let parts = shapes.map { part in
                defer { start += part[axis] }
                return OpCase(
                    .slice(axis: axis, start: start, count: part[axis]),
                    "\(part) from \(start) of \(y), axis \(axis)",
                    [.init(y)], [.init(part)])
            }
            return [joined] + parts
        }
    }()

    private static let resizes: [OpCase] = {
        let pairs: [(Shape, Extent)] = [
            ([1, 1, 1, 1], Extent(1)), ([1, 1, 1, 1], Extent(3, 2)), ([2, 3, 5, 7], Extent(2)),
            ([1, 2, 4, 3], Extent(1, 3)), ([1, 17, 14, 14], Extent(2)),
        ]
        return pairs.flatMap { x, scale in
            let y: Shape = [x.batch, x.channels, x.height * scale.height, x.width * scale.width]
            return [
                OpCase(.resizeNearest(scale), "\(x) by \(scale)", [.init(x)], [.init(y)]),
                OpCase(
                    .resizeNearestGradient(scale), "\(x) by \(scale)",
                    [.init(y, x.count < 8 ? .uniform(0.1...1) : .normal)], [.init(x, reduction: scale.count)]),
            ]
        }
    }()

    private static let pads: [OpCase] = {
        let pads: [(Shape, [Int], [Int])] = [
            ([1], [0], [0]), ([1], [2], [3]), ([7], [0], [2]), ([3, 5], [1, 0], [0, 4]),
            ([2, 3, 5], [1, 2, 0], [0, 1, 4]),
            ([2, 3, 5, 7], [0, 0, 1, 2], [0, 0, 3, 4]), ([2, 3, 4, 5], [1, 2, 3, 4], [1, 2, 3, 4]),
            ([2, 3, 4, 2, 5], [0, 1, 0, 1, 0], [1, 0, 0, 0, 2]),
            ([1, 17, 14, 13], [0, 0, 1, 1], [0, 0, 1, 1]),
            ([2, 5, 3, 3], [0, 3, 0, 0], [0, 4, 0, 0]),
        ]
        let modes: [Pad.Mode] = [.constant(0), .constant(-1.5), .constant(-.infinity), .reflect, .edge]
        return pads.flatMap { x, before, after in
            modes.compactMap { mode -> OpCase? in
                let longest = zip(before, after).map { max($0, $1) }
                if mode == .reflect, !zip(longest, x.dimensions).allSatisfy({ $0 < $1 || $0 == 0 }) {
                    return nil
                }
                let y = Shape(x.dimensions.indices.map { before[$0] + x[$0] + after[$0] })
                return OpCase(
                    .pad(Pad(before: before, after: after, mode: mode)),
                    "\(x) by \(before) and \(after), \(mode)",
                    [.init(x)], [.init(y)])
            }
        }
    }()

    private static let linearResizes: [OpCase] = {
        let pairs: [(Shape, Extent)] = [
            ([1, 1, 1, 1], Extent(1)), ([1, 1, 1, 1], Extent(3, 2)), ([1, 2, 4, 3], Extent(1)),
            ([2, 3, 5, 7], Extent(10, 14)), ([2, 3, 5, 7], Extent(5, 7)), ([1, 2, 9, 11], Extent(4, 5)),
            ([1, 2, 3, 8], Extent(17, 3)), ([1, 1, 40, 3], Extent(7, 50)), ([1, 3, 33, 47], Extent(20, 64)),
            ([1, 1, 2, 900], Extent(2, 1300)),
        ]
        let coordinates: [ResizeLinear.Coordinates] = [.halfPixel, .alignCorners, .asymmetric]
        return pairs.flatMap { x, size in
            coordinates.flatMap { coordinates in
                let resize = ResizeLinear(size: size, coordinates: coordinates)
                let y: Shape = [x.batch, x.channels, size.height, size.width]
                let detail = "\(x) to \(size), \(coordinates)"
                let readers = (size.height / x.height + 2) * (size.width / x.width + 2)
                return [
                    OpCase(
                        .resizeLinear(resize), detail, [.init(x, y.count < 8 ? .uniform(0.1...1) : .normal)],
                        [.init(y, reduction: 4)]),
                    OpCase(
                        .resizeLinearGradient(resize), detail,
                        [.init(y, x.count < 8 ? .uniform(0.1...1) : .normal)], [.init(x, reduction: readers)]),
                ]
            }
        }
    }()
}
