import SemblanceCore

/// What a network makes of images on one device.
package struct Embeddings {
    /// Of length 1.
    package var rows: [[Double]]
    var device: Device
    var kernels: [String: Int] = [:]
    var kernelSeconds = 0.0
    package var isRepeatable = true

    package init(rows: [[Double]], device: Device) {
        self.rows = rows
        self.device = device
    }

    /// Runs the network in batches, the first of them twice.
    /// - Throws: what the backend throws, and `numericalFailure` for an embedding that is no direction.
    init(
        _ network: Network, _ images: [[Float]], batch: Int, on backend: any Backend
    ) throws(SemblanceError) {
        let program = try Program.inference(network, batch: batch)
        guard let input = program.value(named: network.inputName),
            let output = network.outputNames.first.flatMap(program.value(named:))
        else { throw SemblanceError(.invalidModel, "\(network.name) has no input or no output") }
        var options = PlanOptions()
        options.profiles = true
        options.poisons = true
        let plan = try backend.prepare(program, options: options)
        device = plan.device
        kernels = Dictionary(plan.kernels.map { ($0, 1) }, uniquingKeysWith: +)
        rows = []
        for start in stride(from: 0, to: images.count, by: batch) {
            // The last batch is filled with its last image.
            let part = (start..<start + batch).map { images[min($0, images.count - 1)] }
            try plan.write(Array(part.joined()), to: input)
            try plan.run()
            let values = try plan.read(output)
            if start == 0 {
                try plan.run()
                let again = try plan.read(output)
                isRepeatable = zip(values, again).allSatisfy { $0.bitPattern == $1.bitPattern }
            }
            let width = values.count / batch
            for row in 0..<min(batch, images.count - start) {
                let vector = values[row * width..<(row + 1) * width].map(Double.init)
                let length = vector.reduce(0) { $0 + $1 * $1 }.squareRoot()
                guard length.isFinite, length > 0 else {
                    throw SemblanceError(
                        .numericalFailure,
                        "\(network.name) gives an embedding of length \(length) on \(plan.device.name)")
                }
                rows.append(vector.map { $0 / length })
            }
        }
        kernelSeconds = try plan.timings().reduce(0) { $0 + $1.seconds }
    }

    /// The cosine of every pair of images.
    var similarities: [Double] {
        rows.indices.flatMap { a in rows.indices.dropFirst(a + 1).map { b in dot(rows[a], rows[b]) } }
    }
}

func dot(_ a: [Double], _ b: [Double]) -> Double { zip(a, b).reduce(0) { $0 + $1.0 * $1.1 } }

/// The largest, or NaN where one is: whatever cannot be compared must not pass for small.
func largest(_ values: [Double]) -> Double { values.reduce(-.infinity) { $1 > $0 || $1.isNaN ? $1 : $0 } }

func largestDifference(_ a: [Double], _ b: [Double]) -> Double { largest(zip(a, b).map { abs($0 - $1) }) }
