import SemblanceCore

extension Reference {
    /// Every pixel of a picture adds itself, weighted by a tent of width 1, to the outputs that look near it.
    static func warp(_ format: InputFormat, _ pictures: DoubleTensor, views: DoubleTensor, shape: Shape)
        -> DoubleTensor
    {
        var y = DoubleTensor(shape: shape)
        for index in y.values.indices {
            let place = shape.coordinates(of: index)
            let view = Array(views.values[place[0] * 9..<place[0] * 9 + 9])
            let (column, row) = (Double(place[3]), Double(place[2]))
            let u = view[3] * column + view[4] * row + view[5]
            let v = view[6] * column + view[7] * row + view[8]
            var colour = [0.0, 0, 0]
            for i in 0..<Int(view[2]) where abs(Double(i) - v) < 1 {
                for j in 0..<Int(view[1]) where abs(Double(j) - u) < 1 {
                    let weight = (1 - abs(Double(i) - v)) * (1 - abs(Double(j) - u))
                    var rest = pictures[Int(view[0]) * pictures.shape[1] + i * Int(view[1]) + j]
                    for channel in 0..<3 {
                        let value = rest.truncatingRemainder(dividingBy: 256)
                        colour[channel] += weight * value
                        rest = (rest - value) / 256
                    }
                }
            }
            let value =
                switch format.colours {
                case .grey: 0.299 * colour[0] + 0.587 * colour[1] + 0.114 * colour[2]
                case .rgb: colour[place[1]]
                case .bgr: colour[2 - place[1]]
                }
            y[index] = (value - Double(format.mean)) * Double(format.scale)
        }
        return y
    }
}
