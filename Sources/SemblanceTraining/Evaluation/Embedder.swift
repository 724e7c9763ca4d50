import SemblanceCore
import SemblanceImaging

/// A network on a backend, ready to turn views of images into unit vectors.
package final class Embedder {
    package let batch: Int
    /// The length of an embedding.
    package let dimension: Int
    /// The device that does the work.
    package var device: Device { plan.device }
    private let plan: ImagePlan
    /// For the last views, where they fill less than a batch: of a quarter's size, prepared when it is first wanted.
    private var quarter: ImagePlan?
    private let precision: Precision
    private let prepare: (_ batch: Int) throws(SemblanceError) -> ImagePlan

    /// Pixels of a view, which is at most twice as fine as the input, and turned by 45 degrees reaches across 2.83 times as many.
    package static func capacity(_ format: InputFormat) -> Int { 9 * format.height * format.width }

    /// - Throws: `invalidModel` where the network does not give one vector for each image, and what `prepare` throws.
    package init(_ network: Network, format: InputFormat, on backend: any Backend, batch: Int)
        throws(SemblanceError)
    {
        prepare = { (batch) throws(SemblanceError) in
            try ImagePlan(
                network, format: format, batch: batch, capacity: Self.capacity(format), on: backend)
        }
        plan = try prepare(batch)
        precision = backend.precision
        guard plan.outputCount == 1, plan.shape(of: 0).rank == 2, plan.shape(of: 0).batch == batch else {
            throw SemblanceError(.invalidModel, "\(network.name) does not give one vector for each image")
        }
        self.batch = batch
        dimension = plan.shape(of: 0).channels
    }

    /// Embeds what the views show.
    /// - Throws: `numericalFailure` for an embedding that is no direction.
    package func embed(_ views: [ImageView]) throws(SemblanceError) -> [[Float]] {
        var embeddings: [[Float]] = []
        embeddings.reserveCapacity(views.count)
        var vectors = [Float](repeating: 0, count: batch * dimension)
        while embeddings.count < views.count {
            let plan = try plan(for: views.count - embeddings.count)
            let part = views[embeddings.count..<min(embeddings.count + plan.batch, views.count)]
            try plan.run(part)
            try vectors.withUnsafeMutableBufferPointer { (vectors) throws(SemblanceError) in
                try plan.read(0, into: .init(rebasing: vectors.prefix(plan.batch * dimension)))
            }
            for row in 0..<part.count {
                embeddings.append(try unit(vectors[row * dimension..<(row + 1) * dimension]))
            }
        }
        return embeddings
    }

    private func plan(for count: Int) throws(SemblanceError) -> ImagePlan {
        let size = batch / 4
        guard size > 0, count <= batch - size else { return plan }
        if let quarter { return quarter }
        let prepared = try prepare(size)
        quarter = prepared
        return prepared
    }

    private func unit(_ vector: ArraySlice<Float>) throws(SemblanceError) -> [Float] {
        let norm = vector.reduce(0) { $0 + Double($1) * Double($1) }.squareRoot()
        guard norm.isFinite, norm > 1e-20 else {
            throw SemblanceError(
                .numericalFailure, "an embedding has the length \(norm)",
                remedy: precision.storesHalf
                    ? "an activation may have been too large for half: use --precision float"
                    : "train the model anew, more gently")
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
