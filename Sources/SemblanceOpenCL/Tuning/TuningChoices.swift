import SemblanceCore

/// How convolutions of one shape are computed.
package struct ConvolutionChoice: Hashable, Sendable {
    var algorithm: ConvolutionAlgorithm
    /// The tile of the product; nil leaves it to the rule.
    var tile: ProductTile?
    /// Into how many parts the sum of an implicit product is cut; nil leaves it to the rule.
    var parts: Int?
}

/// A matrix product, whatever it belongs to.
package struct ProductSize: Hashable, Sendable {
    var m: Int
    var n: Int
    var k: Int
}

/// How products of one size are computed.
package struct ProductChoice: Hashable, Sendable {
    var gemm: GemmPolicy
    /// Into how many parts the tiled kernel's sum is cut; nil leaves it to the rule.
    var splits: Int?
}

/// What was found to be fastest with activations of one precision, in place of the rules that `automatic` stands for. Shapes that are not
/// in here follow the rules.
package struct TuningChoices: Hashable, Sendable {
    var convolutions: [ConvolutionShape: ConvolutionChoice] = [:]
    /// By the convolution that they are of.
    var weightGradients: [ConvolutionShape: ConvolutionChoice] = [:]
    var products: [ProductSize: ProductChoice] = [:]

    package init() {}

    /// CLBlast for products of one size.
    package static func clblast(m: Int, n: Int, k: Int) -> TuningChoices {
        var choices = TuningChoices()
        choices.products[ProductSize(m: m, n: n, k: k)] = ProductChoice(gemm: .clblast)
        return choices
    }

    package var count: Int { convolutions.count + weightGradients.count + products.count }

    /// Both; what the other says of the same shape counts.
    package func merging(_ other: TuningChoices) -> TuningChoices {
        var both = self
        both.convolutions.merge(other.convolutions) { $1 }
        both.weightGradients.merge(other.weightGradients) { $1 }
        both.products.merge(other.products) { $1 }
        return both
    }
}

extension DeviceTraits {
    /// Whether a table may choose how convolutions are computed: not where they were asked for by name, nor on tensor cores, which the precision and the
    /// probe decide.
    var tunesConvolutions: Bool { convolution == .automatic && tensorOperand == nil }

    /// What tuning found for a shape.
    func choice(for shape: ConvolutionShape) -> ConvolutionChoice? {
        tunesConvolutions ? tuned.convolutions[shape] : nil
    }

    /// As the other, for the weight gradient.
    func weightGradientChoice(for shape: ConvolutionShape) -> ConvolutionChoice? {
        tunesConvolutions ? tuned.weightGradients[shape] : nil
    }

    /// As the other, for a product.
    func choice(m: Int, n: Int, k: Int) -> ProductChoice? {
        gemm == .automatic ? tuned.products[ProductSize(m: m, n: n, k: k)] : nil
    }
}

// MARK: What may be chosen

extension ProductTile {
    /// Those that products that gather can be built for: every work-item loads whole vectors, and in whole rows.
    static let all = [
        ProductTile(rows: 64, columns: 32, itemRows: 4, itemColumns: 4),
        ProductTile(rows: 64, columns: 64, itemRows: 4, itemColumns: 4),
        ProductTile(rows: 64, columns: 64, itemRows: 8, itemColumns: 8),
        ProductTile(rows: 64, columns: 128, itemRows: 4, itemColumns: 8),
        ProductTile(rows: 64, columns: 128, itemRows: 8, itemColumns: 8),
        ProductTile(rows: 128, columns: 64, itemRows: 8, itemColumns: 4),
        ProductTile(rows: 128, columns: 64, itemRows: 8, itemColumns: 8),
        ProductTile(rows: 128, columns: 128, itemRows: 8, itemColumns: 8),
        ProductTile(rows: 64, columns: 256, itemRows: 8, itemColumns: 8),
        ProductTile(rows: 256, columns: 64, itemRows: 8, itemColumns: 8),
    ]

    /// Bytes of local memory, at most: the rows of a slice may be four floats apart.
    private var localMemory: Int { 4 * Self.depth * (rows + 4 + columns + 4) }

    func fits(_ traits: DeviceTraits) -> Bool {
        items <= traits.maxWorkGroup && localMemory <= traits.localMemory
    }
}

extension DeviceTraits {
    /// The most parts of a sum.
    static let mostParts = 64
    /// The most elements of all parts of a result together.
    private static let mostPartials = 1 << 26

    /// Whether the device can compute the shape that way. For choices that come from a file: nothing in it may be taken for granted.
    func allows(_ choice: ConvolutionChoice, for shape: ConvolutionShape) -> Bool {
        guard allowsTiles(choice, of: shape) else { return false }
        switch choice.algorithm {
        case .columns: return choice.tile == nil
        case .implicit: return gathers(shape)
        case .winograd(let outputs): return [2, 4].contains(outputs) && shape.suitsWinograd
        case .tensorCores: return false
        }
    }

    /// As the other, for the weight gradient.
    func allows(_ choice: ConvolutionChoice, forWeightGradient shape: ConvolutionShape) -> Bool {
        guard allowsTiles(choice, of: shape.weightProduct) else { return false }
        switch choice.algorithm {
        case .columns: return choice.tile == nil
        case .implicit: return gathers(shape)
        case .winograd, .tensorCores: return false
        }
    }

    private func allowsTiles(_ choice: ConvolutionChoice, of product: ConvolutionShape) -> Bool {
        if let tile = choice.tile, !(ProductTile.all.contains(tile) && tile.fits(self)) { return false }
        guard let parts = choice.parts else { return true }
        let counts = Shape([parts, product.images, product.groups, product.outputs, product.positions])
        guard case .implicit = choice.algorithm, (1...Self.mostParts).contains(parts) else { return false }
        return parts == 1
            || parts <= product.rows / ProductTile.depth
                && counts.checkedCount.map { $0 <= Self.mostPartials } ?? false
    }

    /// As the other, for a product.
    func allows(_ choice: ProductChoice, for size: ProductSize) -> Bool {
        guard let splits = choice.splits else { return choice.gemm != .automatic }
        return choice.gemm == .tiled && (1...Self.mostParts).contains(splits)
            && (splits == 1 || size.k >= 512 && splits * size.m * size.n <= Self.mostPartials)
    }
}

// MARK: In words

extension ConvolutionAlgorithm {
    /// As `--conv` names it.
    var name: String {
        switch self {
        case .columns: "im2col"
        case .implicit: "implicit"
        case .winograd(let outputs): "winograd\(outputs)"
        case .tensorCores: "tensor cores"
        }
    }

    init?(name: String) {
        let known: [ConvolutionAlgorithm] = [
            .columns, .implicit, .winograd(outputs: 2), .winograd(outputs: 4),
        ]
        guard let found = known.first(where: { $0.name == name }) else { return nil }
        self = found
    }
}

extension ConvolutionChoice: CustomStringConvertible {
    package var description: String {
        var text = algorithm.name
        if let tile { text += " \(tile.rows)x\(tile.columns)/\(tile.itemRows)x\(tile.itemColumns)" }
        if let parts { text += " in \(parts)" }
        return text
    }
}

extension ProductChoice: CustomStringConvertible {
    package var description: String { gemm.rawValue + (splits.map { " in \($0)" } ?? "") }
}

extension TuningChoices: CustomStringConvertible {
    /// The different choices, without what they are for.
    package var description: String {
        let all =
            [convolutions, weightGradients].flatMap { $0.values.map(\.description) }
            + products.values.map(\.description)
        return Set(all).sorted().joined(separator: ", ")
    }
}
