import SemblanceCore
import SemblanceImaging
import SemblanceTraining

/// What values a network computes for some faces: their range, and the largest magnitude in each channel.
struct ValueRanges {
    private(set) var ranges: [String: ClosedRange<Float>] = [:]
    private(set) var peaks: [String: [Float]] = [:]

    /// - Parameter names: values of the optimised network.
    init(
        of names: [String], in network: Network, format: InputFormat, faces: [ImageView],
        on backend: any Backend
    ) throws(SemblanceError) {
        var watched = network
        watched.outputNames = names
        let batch = 4
        let plan = try ImagePlan(
            watched, format: format, batch: batch, capacity: Embedder.capacity(format), on: backend)
        for start in stride(from: 0, to: faces.count, by: batch) {
            let part = faces[start..<min(start + batch, faces.count)]
            try plan.run(part)
            for (index, name) in names.enumerated() {
                let shape = plan.shape(of: index)
                var values = [Float](repeating: 0, count: shape.count)
                try values.withUnsafeMutableBufferPointer { (values) throws(SemblanceError) in
                    try plan.read(index, into: values)
                }
                note(
                    values.prefix(shape.count / batch * part.count), channels: shape.channels,
                    area: shape.spatialCount, of: name)
            }
        }
    }

    private mutating func note(_ values: ArraySlice<Float>, channels: Int, area: Int, of name: String) {
        var low = ranges[name]?.lowerBound ?? 0, high = ranges[name]?.upperBound ?? 0
        var peaks = self.peaks[name] ?? [Float](repeating: 0, count: channels)
        values.withUnsafeBufferPointer { values in
            for plane in 0..<values.count / area {
                var least: Float = 0, most: Float = 0
                for index in plane * area..<(plane + 1) * area {
                    least = min(least, values[index])
                    most = max(most, values[index])
                }
                low = min(low, least)
                high = max(high, most)
                peaks[plane % channels] = max(peaks[plane % channels], -least, most)
            }
        }
        ranges[name] = low...high
        self.peaks[name] = peaks
    }
}
