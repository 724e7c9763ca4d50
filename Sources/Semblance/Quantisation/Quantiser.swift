import SemblanceCore
import SemblanceImaging
import SemblanceTraining

/// Makes a model whose products are computed on bytes, as far as the cosines of faces stay what they are.
///
/// Half of the faces set the levels: each value's smallest and largest, for clipping large values costs an embedding more than coarser steps do.
/// Then each product is rounded by itself and its harm measured: how much the cosine of two faces changes. Changes are as good as independent, so that
/// their squares add up. Products are left in floats, those with most harm for their work first, until the sum is within what was allowed. The
/// other half of the faces tells what the whole did.
public struct Quantiser {
    public let model: RecognitionModel
    private let backend: any Backend
    private let report: (String) -> Void
    private let format: InputFormat

    /// - Parameter report: gets a line of progress.
    public init(
        _ model: RecognitionModel, on device: SelectedDevice, report: @escaping (String) -> Void = { _ in }
    ) {
        self.model = model
        backend = device
        self.report = report
        format = model.description.input
    }

    /// - Parameters:
    ///   - faces: as the model sees them, of many people.
    ///   - allowedDifference: how much the cosine of two faces may change on average.
    /// - Throws: `invalidInput` for fewer than 16 faces, `unsupportedOperation` where no product can be rounded.
    package func quantised(_ faces: [ImageView], allowedDifference: Double) throws(SemblanceError)
        -> RecognitionModel
    {
        guard faces.count >= Self.leastFaces else {
            throw SemblanceError(
                .invalidInput, "\(faces.count) faces are too few to choose levels by",
                remedy: "give photographs of at least \(Self.leastFaces) faces; 200 serve well")
        }
        // Neighbours show the same person: both halves see most of them.
        let known = faces.indices.filter { $0 % 2 == 0 }.map { faces[$0] }
        let fresh = faces.indices.filter { $0 % 2 == 1 }.map { faces[$0] }
        var network = model.network.optimised()
        let products = try network.quantisableProducts()
        let names = Array(Set(products.map(\.input))).sorted()
        guard !products.isEmpty else {
            throw SemblanceError(
                .unsupportedOperation, "\(network.name) has no product that bytes could compute")
        }
        guard !network.isQuantised else {
            throw SemblanceError(
                .unsupportedOperation, "\(network.name) is quantised already", remedy: "give the float model")
        }
        report("levels of \(names.count) values from \(known.count) faces")
        let before = try ValueRanges(of: names, in: network, format: format, faces: known, on: backend)
        network.equaliseChannels(before: products, peaks: before.peaks)
        let ranges = try ValueRanges(of: names, in: network, format: format, faces: known, on: backend)
        let levels = ranges.ranges.mapValues { Quantisation(covering: $0) }

        // Spread over all of them, for neighbours show few people.
        let size = min(known.count, 64)
        let sample = (0..<size).map { known[$0 * known.count / size] }
        let embeddings = try embed(network, sample)
        var harms: [(product: QuantisableProduct, square: Double)] = []
        for product in products {
            let difference = Self.cosineDifference(
                embeddings, try embed(network.quantised([product.node], inputs: levels), sample))
            harms.append((product, difference * difference))
            report("\(product.node): the cosine of two faces changes by \(difference)")
        }
        // Most harm for its work first.
        harms.sort { $0.square * Double($1.product.products) > $1.square * Double($0.product.products) }
        var rest = harms[...]
        let allowed = allowedDifference * allowedDifference
        while rest.reduce(0, { $0 + $1.square }) > allowed, !rest.isEmpty { rest = rest.dropFirst() }
        guard !rest.isEmpty else {
            throw SemblanceError(
                .unsupportedOperation,
                "rounding any product of \(network.name) changes the cosine of two faces by more than \(allowedDifference)",
                remedy: "allow a larger difference")
        }
        let chosen = Set(rest.map(\.product.node))
        var result = network.quantised(chosen, inputs: levels)
        result.name = "\(network.name)-int8"
        let old = try embed(network, fresh), new = try embed(result, fresh)
        var description = model.description
        description.calibration = .uncalibrated(
            reason: "the model was quantised; calibrate measures its thresholds")
        description.published?.source += "; measured before the model was quantised"
        description.quantisation = QuantisationSummary(
            source: "\(model.identity)", faces: known.count, measuredFaces: fresh.count,
            layers: products.map(\.node).filter(chosen.contains),
            floatLayers: products.map(\.node).filter { !chosen.contains($0) },
            share: Double(rest.reduce(0) { $0 + $1.product.products })
                / Double(max(try network.productCount(), 1)),
            loss: Self.loss(old, new), meanCosineDifference: Self.cosineDifference(old, new))
        return RecognitionModel(network: result, description: description)
    }

    static let leastFaces = 16

    private func embed(_ network: Network, _ faces: [ImageView]) throws(SemblanceError) -> [[Float]] {
        try Embedder(network, format: format, on: backend, batch: 4).embed(faces)
    }

    /// 1 less the mean cosine.
    private static func loss(_ old: [[Float]], _ new: [[Float]]) -> Double {
        zip(old, new).reduce(0) { sum, pair in
            sum + zip(pair.0, pair.1).reduce(0) { $0 + Double($1.0 - $1.1) * Double($1.0 - $1.1) } / 2
        } / Double(max(old.count, 1))
    }

    private static func cosineDifference(_ old: [[Float]], _ new: [[Float]]) -> Double {
        var sum = 0.0, count = 0.0
        for first in old.indices {
            for second in 0..<first {
                sum += Double(abs(similarity(old[first], old[second]) - similarity(new[first], new[second])))
                count += 1
            }
        }
        return sum / max(count, 1)
    }
}
