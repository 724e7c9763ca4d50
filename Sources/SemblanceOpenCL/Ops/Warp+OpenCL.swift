import SemblanceCore

extension InputFormat {
    /// pictures, views -> y.
    func lowerWarp(
        _ pictures: DeviceTensor, _ views: DeviceTensor, _ y: DeviceTensor, into lowering: inout Lowering
    ) {
        lowering.launchItems(
            "warp", "warp", defines: ["PLANES": colours.count, "BLUE_FIRST": colours == .bgr ? 1 : 0],
            [pictures, views, y.named("y")],
            [.ulong(pictures.shape[1]), .int(height), .int(width), .float(mean), .float(scale)],
            count: views.shape[0] * height * width)
    }
}
