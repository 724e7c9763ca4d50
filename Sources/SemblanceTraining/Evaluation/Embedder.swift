import SemblanceCore

/// A network on a backend, ready to turn images into unit vectors.
package final class Embedder {
    package let format: InputFormat
    package let batch: Int
    /// The length of an embedding.
    package let dimension: Int
    /// The device that does the work.
    package var device: Device { plan.device }
    private let plan: any Plan
    private let input: ValueID
    private let output: ValueID
    private var images: [Float]

    /// - Throws: `invalidModel` where the network does not give one vector for each image, and what `prepare` throws.
    package init(_ network: Network, format: InputFormat, on backend: any Backend, batch: Int)
        throws(SemblanceError)
    {
        let program = try Program.inference(network.optimised(), batch: batch)
        guard network.outputNames.count == 1, let input = program.value(named: network.inputName),
            let output = program.value(named: network.outputNames[0]), program.shape(of: output).rank == 2,
            case .output = program[output].storage
        else {
            throw SemblanceError(.invalidModel, "\(network.name) does not give one vector for each image")
        }
        guard program.shape(of: input).count == batch * format.count else {
            throw SemblanceError(
                .invalidModel,
                "\(network.name) takes \(network.inputShape), which is not what its format says")
        }
        plan = try backend.prepare(program, options: PlanOptions())
        self.format = format
        self.batch = batch
        self.input = input
        self.output = output
        dimension = program.shape(of: output).channels
        images = [Float](repeating: 0, count: batch * format.count)
    }

    /// Embeds `count` images, each written as [C, H, W] by `fill`.
    /// - Throws: what `fill` throws; `numericalFailure` for an embedding that is no direction.
    package func embed(
        count: Int, fill: (_ index: Int, UnsafeMutableBufferPointer<Float>) throws(SemblanceError) -> Void
    ) throws(SemblanceError) -> [[Float]] {
        var embeddings: [[Float]] = []
        embeddings.reserveCapacity(count)
        var vectors = [Float](repeating: 0, count: batch * dimension)
        while embeddings.count < count {
            let rows = min(batch, count - embeddings.count)
            let first = embeddings.count
            try images.withUnsafeMutableBufferPointer { (images) throws(SemblanceError) in
                for row in 0..<rows {
                    let place = row * format.count..<(row + 1) * format.count
                    try fill(first + row, UnsafeMutableBufferPointer(rebasing: images[place]))
                }
                try plan.write(UnsafeBufferPointer(images), to: input)
            }
            try plan.run()
            try vectors.withUnsafeMutableBufferPointer { (vectors) throws(SemblanceError) in
                try plan.read(output, into: vectors)
            }
            for row in 0..<rows {
                embeddings.append(try Self.unit(vectors[row * dimension..<(row + 1) * dimension]))
            }
        }
        return embeddings
    }

    private static func unit(_ vector: ArraySlice<Float>) throws(SemblanceError) -> [Float] {
        let norm = vector.reduce(0) { $0 + Double($1) * Double($1) }.squareRoot()
        guard norm.isFinite, norm > 1e-20 else {
            throw SemblanceError(
                .numericalFailure, "an embedding has the length \(norm)",
                remedy: "train the model anew, more gently")
        }
        return vector.map { Float(Double($0) / norm) }
    }
}

/// The cosine of two unit vectors.
package func similarity(_ a: [Float], _ b: [Float]) -> Float {
    var sum: Float = 0
    for index in 0..<min(a.count, b.count) { sum += a[index] * b[index] }
    return sum
}
