import SemblanceCore
import SemblanceVerification

extension NetworkCheck {
    /// Compares what a device made of images with what another did.
    /// - Parameters:
    ///   - threshold: of the model; nil for the middle of the pairs, where flips are likeliest.
    ///   - precision: of the device that is examined.
    ///   - isQuantised: whether the network rounds values to levels.
    package init(
        _ name: String, _ got: Embeddings, against other: Embeddings, threshold given: Double?,
        precision: Precision = .float, isQuantised: Bool = false
    ) {
        self.init(
            network: name, device: got.device.identifier, against: other.device.identifier,
            images: got.rows.count)
        kernels = got.kernels
        kernelSeconds = got.kernelSeconds
        isRepeatable = got.isRepeatable
        cosine = 1 - largest(zip(got.rows, other.rows).map { 1 - dot($0, $1) })
        difference = largestDifference(Array(got.rows.joined()), Array(other.rows.joined()))
        let (similarities, others) = (got.similarities, other.similarities)
        threshold = given ?? Self.middle(of: others)
        pairs = similarities.count
        flips = zip(similarities, others).count { ($0 >= threshold) != ($1 >= threshold) }
        similarityDifference = largestDifference(similarities, others)
        failure = reason(Tolerances.embeddings(precision, isQuantised: isQuantised))
    }

    /// A network that could not be run.
    init(_ name: String, on device: Device, against other: Device, failure: SemblanceError) {
        self.init(network: name, device: device.identifier, against: other.identifier, images: 0)
        self.failure = failure.description
    }

    private func reason(_ allowed: (cosine: Double, similarity: Double)) -> String? {
        if !(cosine >= allowed.cosine) {
            return "the lowest cosine is \(cosine), and \(allowed.cosine) is allowed"
        }
        if !(similarityDifference <= allowed.similarity) {
            return
                "a pair's similarity differs by \(similarityDifference), and \(allowed.similarity) is allowed"
        }
        return isRepeatable ? nil : "the same images gave other bits when they were run again"
    }

    /// Halfway between the two values in the middle.
    private static func middle(of values: [Double]) -> Double {
        let sorted = values.sorted()
        guard sorted.count > 1 else { return 0 }
        return (sorted[sorted.count / 2 - 1] + sorted[sorted.count / 2]) / 2
    }
}
