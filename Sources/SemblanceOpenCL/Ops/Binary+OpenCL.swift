import SemblanceCore

extension Lowering {
    /// `add`, `multiply` and `divide`: a, b -> y, where b may have dimensions of 1.
    mutating func combine(
        _ operation: String, _ a: DeviceTensor, _ b: DeviceTensor, _ y: DeviceTensor
    ) throws(SemblanceError) {
        let tensors = [a.named("a"), b.named("b"), y.named("y")]
        if a.shape == b.shape { return launchElements("binary", operation, tensors, run: y.count) }
        let strides = zip(b.shape.strides, b.shape.dimensions).map { $1 == 1 ? 0 : $0 }
        let axes = StridedAxes(sizes: a.shape.dimensions, strides: strides)
        launchItems(
            "binary", operation + "Broadcast", defines: StridedAxes.defines(axes), tensors,
            try axes.arguments(for: operation), count: y.count)
    }
}
