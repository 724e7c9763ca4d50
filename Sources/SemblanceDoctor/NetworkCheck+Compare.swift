import SemblanceCore
import SemblanceVerification

extension NetworkCheck {
    /// Compares what a device made of images with what another did.
    /// - Parameter threshold: of the model; nil for the middle of the pairs, where flips are likeliest.
    init(_ name: String, _ got: Embeddings, against other: Embeddings, threshold given: Double?) {
        self.init(
            network: name, device: got.device.identifier, against: other.device.identifier,
            images: got.rows.count)
        kernels = got.kernels
        kernelSeconds = got.kernelSeconds
        isRepeatable = got.isRepeatable
        cosine = zip(got.rows, other.rows).map { dot($0, $1) }.min() ?? 0
        difference = zip(got.rows.joined(), other.rows.joined()).reduce(0) { max($0, abs($1.0 - $1.1)) }
        let (similarities, others) = (got.similarities, other.similarities)
        threshold = given ?? Self.middle(of: others)
        pairs = similarities.count
        flips = zip(similarities, others).count { ($0 >= threshold) != ($1 >= threshold) }
        similarityDifference = zip(similarities, others).reduce(0) { max($0, abs($1.0 - $1.1)) }
        failure = reason
    }

    /// A network that could not be run.
    init(_ name: String, on device: Device, against other: Device, failure: SemblanceError) {
        self.init(network: name, device: device.identifier, against: other.identifier, images: 0)
        self.failure = failure.description
    }

    private var reason: String? {
        if !(cosine >= Tolerances.embeddingCosine) {
            return "the lowest cosine is \(cosine), and \(Tolerances.embeddingCosine) is allowed"
        }
        if !(similarityDifference <= Tolerances.similarity) {
            return
                "a pair's similarity differs by \(similarityDifference), and \(Tolerances.similarity) is allowed"
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
