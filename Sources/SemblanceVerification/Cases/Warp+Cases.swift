import SemblanceCore

extension OpCase {
    static let warps: [OpCase] = {
        let formats: [(InputFormat, pictures: Int, capacity: Int, views: Int)] = [
            (InputFormat(height: 1, width: 1, colours: .rgb), 1, 1, 1),
            (InputFormat(height: 7, width: 19, colours: .rgb), 3, 90, 5),
            (InputFormat(height: 16, width: 9, colours: .bgr, mean: 0, scale: 1 / 255), 2, 200, 4),
            (InputFormat(height: 5, width: 12, colours: .grey), 2, 63, 9),
            (InputFormat(height: 20, width: 33, colours: .bgr, mean: 104, scale: 1 / 128), 1, 700, 2),
        ]
        return formats.map { format, pictures, capacity, views in
            let y: Shape = [views, format.colours.count, format.height, format.width]
            // Coordinates of up to 100 are rounded to 4e-6 three times, and a pixel's neighbour may differ by all of its range.
            return OpCase(
                .warp(format), "\(views) views of \(pictures) pictures as \(format.colours) \(y)",
                [
                    .init([pictures, capacity], .pixels),
                    .init([views, PictureView.count], .views(pictures: pictures, capacity: capacity)),
                ], [.init(y, reduction: 5000, scale: 255 * format.scale)])
        }
    }()
}
