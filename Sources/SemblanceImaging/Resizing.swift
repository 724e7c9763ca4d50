/// The taps of one output coordinate: `count` weights from input `first` on.
private struct Taps {
    var first: Int
    var count: Int
    /// Position of the first weight in the table.
    var offset: Int
}

/// A triangle filter along one axis, wider where the image shrinks, so that every input pixel counts (antialiasing).
private struct TriangleFilter {
    var taps: [Taps] = []
    var weights: [Float] = []

    init(from input: Int, to output: Int) {
        let scale = Double(input) / Double(output)
        let support = max(scale, 1)
        taps.reserveCapacity(output)
        for index in 0..<output {
            let center = (Double(index) + 0.5) * scale
            let first = max(0, Int((center - support + 0.5).rounded(.down)))
            let end = min(input, Int((center + support + 0.5).rounded(.down)))
            let values = (first..<end).map { max(0, 1 - abs((Double($0) + 0.5 - center) / support)) }
            let sum = values.reduce(0, +)
            taps.append(Taps(first: first, count: values.count, offset: weights.count))
            weights += values.map { Float($0 / sum) }
        }
    }
}

extension Image {
    /// The image at another size by an antialiased triangle filter (bilinear when it grows), as Pillow's BILINEAR.
    ///
    /// Rows are combined first: that runs along memory and leaves few rows for the second pass when the image shrinks.
    /// - Precondition: both sizes are positive.
    package func resized(width newWidth: Int, height newHeight: Int) -> Image {
        precondition(newWidth > 0 && newHeight > 0, "a size of \(newWidth)x\(newHeight)")
        guard newWidth != width || newHeight != height else { return self }
        let horizontal = TriangleFilter(from: width, to: newWidth)
        let vertical = TriangleFilter(from: height, to: newHeight)
        let rowCount = width * channels
        var result = [UInt8](repeating: 0, count: newWidth * newHeight * channels)
        withUnsafeTemporaryAllocation(of: Float.self, capacity: rowCount) { row in
            pixels.withUnsafeBufferPointer { source in
                result.withUnsafeMutableBufferPointer { target in
                    for (index, taps) in vertical.taps.enumerated() {
                        row.initialize(repeating: 0)
                        for tap in 0..<taps.count {
                            let weight = vertical.weights[taps.offset + tap]
                            guard weight != 0 else { continue }
                            let line = UnsafeBufferPointer(
                                rebasing: source[
                                    (taps.first + tap) * rowCount..<(taps.first + tap + 1) * rowCount])
                            for column in 0..<rowCount { row[column] += weight * Float(line[column]) }
                        }
                        let line = UnsafeMutableBufferPointer(
                            rebasing: target[index * newWidth * channels..<(index + 1) * newWidth * channels])
                        filterRow(UnsafeBufferPointer(row), by: horizontal, into: line)
                    }
                }
            }
        }
        return Image(unchecked: result, width: newWidth, height: newHeight, channels: channels)
    }

    /// The image at another size, the same in both directions.
    package func resized(to size: Int) -> Image { resized(width: size, height: size) }

    private func filterRow(
        _ row: UnsafeBufferPointer<Float>, by filter: TriangleFilter,
        into line: UnsafeMutableBufferPointer<UInt8>
    ) {
        filter.taps.withUnsafeBufferPointer { allTaps in
            filter.weights.withUnsafeBufferPointer { weights in
                if channels == 1 {
                    for (index, taps) in allTaps.enumerated() {
                        var sum: Float = 0
                        for tap in 0..<taps.count {
                            sum += weights[taps.offset + tap] * row[taps.first + tap]
                        }
                        line[index] = byte(sum)
                    }
                } else {
                    for (index, taps) in allTaps.enumerated() {
                        var (red, green, blue): (Float, Float, Float) = (0, 0, 0)
                        for tap in 0..<taps.count {
                            let weight = weights[taps.offset + tap]
                            let position = 3 * (taps.first + tap)
                            red += weight * row[position]
                            green += weight * row[position + 1]
                            blue += weight * row[position + 2]
                        }
                        line[3 * index] = byte(red)
                        line[3 * index + 1] = byte(green)
                        line[3 * index + 2] = byte(blue)
                    }
                }
            }
        }
    }
}

/// The nearest byte.
@inline(__always)
func byte(_ value: Float) -> UInt8 { UInt8(min(max(value, 0), 255) + 0.5) }
