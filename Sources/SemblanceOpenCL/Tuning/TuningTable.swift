import Foundation
import SemblanceCore

/// What tuning has found on one device with one driver, as it is kept in a file.
package struct TuningTable: Sendable, Equatable {
    /// Of the file; another one is not read.
    static let format = 3
    /// Bytes; a table of a thousand shapes has half a million.
    static let largestFile = 8 << 20

    package var platform: String
    package var device: String
    package var driver: String
    /// The day of the last change, as in 2026-01-31.
    package var date: String
    /// By how activations are stored.
    package var choices: [Precision: TuningChoices]
    /// CLBlast's, where others than its own were found to be faster.
    package var clblast: CLBlastParameters?
    /// Whether a search for them came to its end.
    package var hasSearchedCLBlast = false
    /// The file that it was read from.
    package var origin = ""

    package init(for device: Device, date: String, choices: [Precision: TuningChoices]) {
        platform = device.platform
        self.device = device.name
        driver = device.driver
        self.date = date
        self.choices = choices
    }

    /// Shapes in it; those of each precision count by themselves.
    package var count: Int { choices.values.reduce(0) { $0 + $1.count } }

    /// For people: how much there is, from when and where.
    package var summary: String {
        "\(count) shapes, tuned \(date)" + (origin.isEmpty ? "" : ", from \(origin)")
    }

    /// JSON. The same choices give the same bytes.
    /// - Throws: `internalFault`.
    package func encoded() throws(SemblanceError) -> [UInt8] {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        guard let data = try? encoder.encode(TuningFile(self)) else {
            throw SemblanceError(.internalFault, "a tuning table cannot be encoded as JSON")
        }
        return [UInt8](data) + [UInt8(ascii: "\n")]
    }

    /// Why a table is not used, to go after the name of its file.
    struct Flaw: Error {
        var reason: String
        /// Whether the file may be anything.
        var isOfNoTable = false
    }

    /// Whether a file is a table, of whatever device and version.
    static func isTable(_ bytes: [UInt8]) -> Bool {
        (try? JSONDecoder().decode(TuningFile.Head.self, from: Data(bytes))) != nil
    }

    /// - Parameter bytes: of a file that anybody may have written.
    init(_ bytes: [UInt8], for device: Device, traits: DeviceTraits) throws(Flaw) {
        let decoder = JSONDecoder()
        guard let head = try? decoder.decode(TuningFile.Head.self, from: Data(bytes)) else {
            throw Flaw(reason: "is damaged", isOfNoTable: true)
        }
        guard head.format == Self.format else {
            throw Flaw(reason: "has format \(head.format), and this version reads \(Self.format)")
        }
        guard head.platform == device.platform, head.device == device.name else {
            throw Flaw(reason: "is of another device, \(head.device) of \(head.platform)")
        }
        guard head.driver == device.driver else {
            throw Flaw(reason: "was made with driver \(head.driver), and this is \(device.driver)")
        }
        guard head.kernels == ProgramSource.fingerprint else {
            throw Flaw(reason: "was made with other kernels than this version's")
        }
        guard let file = try? decoder.decode(TuningFile.self, from: Data(bytes)),
            let choices = file.choices(on: traits)
        else { throw Flaw(reason: "is damaged") }
        self.init(for: device, date: head.date, choices: choices)
        hasSearchedCLBlast = file.clblast != nil
        if let named = file.clblast, !named.isEmpty {
            guard let parameters = CLBlastParameters(named), parameters.suits(traits) else {
                throw Flaw(reason: "is damaged")
            }
            clblast = parameters
        }
    }
}

/// The file's content.
private struct TuningFile: Codable {
    /// What decides whether the rest is read at all.
    struct Head: Codable {
        var format: Int
        var platform: String
        var device: String
        var driver: String
        /// See `ProgramSource.fingerprint`.
        var kernels: String
        var date: String
    }

    struct ConvolutionEntry: Codable {
        var images: Int
        var groups: Int
        /// Channels of a group.
        var inputs: Int
        var outputs: Int
        /// Height and width.
        var size: [Int]
        var outputSize: [Int]
        var kernel: [Int]
        var stride: [Int]
        var dilation: [Int]
        /// Top, left, bottom, right; gradients have negative ones.
        var padding: [Int]
        /// How activations are stored.
        var type: Precision
        var algorithm: String
        /// Rows, columns, and those of a work-item.
        var tile: [Int]?
        var parts: Int?
    }

    struct ProductEntry: Codable {
        var m: Int
        var n: Int
        var k: Int
        var type: Precision
        var gemm: String
        var splits: Int?
    }

    var head: Head
    var convolutions: [ConvolutionEntry]
    var weightGradients: [ConvolutionEntry]
    var products: [ProductEntry]
    /// By name; empty where CLBlast's own are the best, nil where nobody has looked.
    var clblast: [String: Int]?

    init(from decoder: any Decoder) throws {
        head = try Head(from: decoder)
        let lists = try decoder.container(keyedBy: Key.self)
        convolutions = try lists.decode([ConvolutionEntry].self, forKey: .convolutions)
        weightGradients = try lists.decode([ConvolutionEntry].self, forKey: .weightGradients)
        products = try lists.decode([ProductEntry].self, forKey: .products)
        clblast = try lists.decodeIfPresent([String: Int].self, forKey: .clblast)
    }

    func encode(to encoder: any Encoder) throws {
        try head.encode(to: encoder)
        var lists = encoder.container(keyedBy: Key.self)
        try lists.encode(convolutions, forKey: .convolutions)
        try lists.encode(weightGradients, forKey: .weightGradients)
        try lists.encode(products, forKey: .products)
        try lists.encodeIfPresent(clblast, forKey: .clblast)
    }

    private enum Key: CodingKey { case convolutions, weightGradients, products, clblast }

    init(_ table: TuningTable) {
        head = Head(
            format: TuningTable.format, platform: table.platform, device: table.device, driver: table.driver,
            kernels: ProgramSource.fingerprint, date: table.date)
        (convolutions, weightGradients, products) = ([], [], [])
        clblast = table.hasSearchedCLBlast ? table.clblast?.named ?? [:] : nil
        for (type, choices) in table.choices.sorted(by: { $0.key.rawValue < $1.key.rawValue }) {
            func entries(_ choices: [ConvolutionShape: ConvolutionChoice]) -> [ConvolutionEntry] {
                choices.map { ConvolutionEntry($0, $1, type) }
                    .sorted { $0.order.lexicographicallyPrecedes($1.order) }
            }
            convolutions += entries(choices.convolutions)
            weightGradients += entries(choices.weightGradients)
            products += choices.products.map { ProductEntry($0, $1, type) }
                .sorted { $0.order.lexicographicallyPrecedes($1.order) }
        }
    }

    /// - Returns: nil where an entry makes no sense, or asks for what the device cannot do.
    func choices(on traits: DeviceTraits) -> [Precision: TuningChoices]? {
        var choices: [Precision: TuningChoices] = [:]
        for entry in convolutions {
            guard let shape = entry.shape, let choice = entry.choice, traits.allows(choice, for: shape),
                choices[entry.type, default: TuningChoices()].convolutions.updateValue(choice, forKey: shape)
                    == nil
            else { return nil }
        }
        for entry in weightGradients {
            guard let shape = entry.shape, let choice = entry.choice,
                traits.allows(choice, forWeightGradient: shape),
                choices[entry.type, default: TuningChoices()].weightGradients
                    .updateValue(choice, forKey: shape) == nil
            else { return nil }
        }
        for entry in products {
            guard let size = entry.productSize, let choice = entry.choice, traits.allows(choice, for: size),
                choices[entry.type, default: TuningChoices()].products.updateValue(choice, forKey: size)
                    == nil
            else { return nil }
        }
        return choices
    }
}

/// So that no product of a few of them overflows.
private func areSane(_ numbers: [Int], atMost limit: Int) -> Bool {
    numbers.allSatisfy { (1...limit).contains($0) }
}

extension TuningFile.ConvolutionEntry {
    init(_ shape: ConvolutionShape, _ choice: ConvolutionChoice, _ type: Precision) {
        self.type = type
        let window = shape.window
        images = shape.images
        groups = shape.groups
        inputs = shape.inputs
        outputs = shape.outputs
        size = [shape.size.height, shape.size.width]
        outputSize = [shape.outputSize.height, shape.outputSize.width]
        kernel = [window.kernel.height, window.kernel.width]
        stride = [window.stride.height, window.stride.width]
        dilation = [window.dilation.height, window.dilation.width]
        let sides = window.padding
        padding = [sides.top, sides.left, sides.bottom, sides.right]
        algorithm = choice.algorithm.name
        tile = choice.tile.map { [$0.rows, $0.columns, $0.itemRows, $0.itemColumns] }
        parts = choice.parts
    }

    var order: [Int] {
        [images, inputs, outputs, groups] + size + outputSize + kernel + stride + dilation + padding
    }

    var shape: ConvolutionShape? {
        let pairs = [size, outputSize, kernel, stride, dilation]
        guard pairs.allSatisfy({ $0.count == 2 }), padding.count == 4,
            areSane([images, groups, inputs, outputs], atMost: 1 << 16),
            areSane(size + outputSize, atMost: 1 << 14), areSane(kernel + stride + dilation, atMost: 1 << 8),
            areSane(padding.map { $0.magnitude < 1 << 14 ? 1 : 0 }, atMost: 1)
        else { return nil }
        func extent(_ pair: [Int]) -> Extent { Extent(pair[0], pair[1]) }
        let sides = Padding(top: padding[0], left: padding[1], bottom: padding[2], right: padding[3])
        return ConvolutionShape(
            images: images, groups: groups, inputs: inputs, outputs: outputs, size: extent(size),
            outputSize: extent(outputSize),
            window: Window(
                kernel: extent(kernel), stride: extent(stride), padding: sides, dilation: extent(dilation)))
    }

    var choice: ConvolutionChoice? {
        guard let algorithm = ConvolutionAlgorithm(name: algorithm), tile.map({ $0.count == 4 }) ?? true
        else { return nil }
        return ConvolutionChoice(
            algorithm: algorithm,
            tile: tile.map {
                ProductTile(rows: $0[0], columns: $0[1], itemRows: $0[2], itemColumns: $0[3])
            },
            parts: parts)
    }
}

extension TuningFile.ProductEntry {
    init(_ size: ProductSize, _ choice: ProductChoice, _ type: Precision) {
        self.type = type
        (m, n, k) = (size.m, size.n, size.k)
        gemm = choice.gemm.rawValue
        splits = choice.splits
    }

    var order: [Int] { [m, n, k] }

    var productSize: ProductSize? {
        areSane([m, n, k], atMost: 1 << 28) ? ProductSize(m: m, n: n, k: k) : nil
    }

    var choice: ProductChoice? {
        GemmPolicy(rawValue: gemm).map { ProductChoice(gemm: $0, splits: splits) }
    }
}
