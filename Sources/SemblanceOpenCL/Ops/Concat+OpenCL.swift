import SemblanceCore

extension Lowering {
    /// x1, x2, ... -> y, joined along an axis.
    mutating func concat(axis: Int, _ inputs: [DeviceTensor], _ y: DeviceTensor) {
        let inner = y.shape.dimensions.dropFirst(axis + 1).reduce(1, *)
        let rows = y.shape.dimensions.prefix(axis).reduce(1, *)
        var place = y
        for x in inputs {
            let width = x.shape[axis] * inner
            copyRows(x, place, width: width, xPitch: width, yPitch: y.shape[axis] * inner, rows: rows)
            place.offset += width
        }
    }

    /// x -> y: entries of an axis from `start` on.
    mutating func slice(axis: Int, start: Int, _ x: DeviceTensor, _ y: DeviceTensor) {
        let inner = x.shape.dimensions.dropFirst(axis + 1).reduce(1, *)
        let rows = x.shape.dimensions.prefix(axis).reduce(1, *)
        let width = y.shape[axis] * inner
        var place = x
        place.offset += start * inner
        copyRows(place, y, width: width, xPitch: x.shape[axis] * inner, yPitch: width, rows: rows)
    }

    /// Copies `rows` rows of `width` elements that stand a pitch apart in each tensor.
    mutating func copyRows(
        _ x: DeviceTensor, _ y: DeviceTensor, width: Int, xPitch: Int, yPitch: Int, rows: Int
    ) {
        let whole = [width, xPitch, yPitch, x.offset, y.offset].allSatisfy { $0 % 4 == 0 }
        let vector = whole ? 4 : 1
        launchItems(
            "concat", "copyRows", defines: ["VECTOR": vector], [x.named("x"), y.named("y")],
            [width, xPitch, yPitch].map { .ulong($0 / vector) }, count: rows * width / vector)
    }
}
