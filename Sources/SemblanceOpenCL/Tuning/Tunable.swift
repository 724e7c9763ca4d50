import SemblanceCore

/// What of an operation can be computed in several ways on a device.
package enum Tunable: Hashable, Sendable {
    /// A convolution, or a gradient that is one.
    case convolution(ConvolutionShape)
    /// The weight gradient of a convolution.
    case weightGradient(ConvolutionShape)
    /// The products that the operation is made of, all in one way.
    case products([ProductSize])

    /// - Parameter traits: under `automatic`, without choices.
    /// - Returns: nil for operations that can be computed in one way only.
    package init?(_ op: Op, inputs: [Shape], outputs: [Shape], on traits: DeviceTraits) {
        switch op {
        case .convolution(let convolution):
            let shape = ConvolutionShape(convolution, x: inputs[0], weight: inputs[1], y: outputs[0])
            guard !shape.isDepthwise, traits.tunesConvolutions else { return nil }
            self = .convolution(shape)
            return
        case .convolutionInputGradient(let convolution):
            let shape = ConvolutionShape(convolution, x: outputs[0], weight: inputs[1], y: inputs[0])
            guard !shape.isDepthwise else { return nil }
            if let gradient = shape.inputGradient {
                guard traits.tunesConvolutions else { return nil }
                self = .convolution(gradient)
                return
            }
        case .convolutionWeightGradient(let convolution):
            let shape = ConvolutionShape(convolution, x: inputs[0], weight: outputs[0], y: inputs[1])
            guard !shape.isDepthwise, traits.tunesConvolutions else { return nil }
            self = .weightGradient(shape)
            return
        case .fullyConnected, .fullyConnectedInputGradient, .fullyConnectedWeightGradient: break
        default: return nil
        }
        guard let lowering = try? op.lowered(inputs: inputs, outputs: outputs, on: traits),
            !lowering.products.isEmpty
        else { return nil }
        self = .products(lowering.products.sorted { ($0.m, $0.n, $0.k) < ($1.m, $1.n, $1.k) })
    }

    /// What the rules come to, as choices.
    package func rule(on traits: DeviceTraits) -> TuningChoices {
        switch self {
        case .convolution(let shape):
            return choices(ConvolutionChoice(algorithm: traits.algorithm(for: shape)))
        case .weightGradient(let shape):
            return choices(ConvolutionChoice(algorithm: traits.weightGradientAlgorithm(for: shape)))
        case .products(let sizes):
            var result = TuningChoices()
            for size in sizes {
                let gemm = traits.implementation(
                    m: size.m, n: size.n, k: size.k, inHalf: traits.precision.storesHalf)
                result.products[size] = ProductChoice(gemm: gemm)
            }
            return result
        }
    }

    /// Whether a table says how it is computed.
    package func isCovered(by choices: TuningChoices) -> Bool {
        switch self {
        case .convolution(let shape): choices.convolutions[shape] != nil
        case .weightGradient(let shape): choices.weightGradients[shape] != nil
        case .products(let sizes): sizes.allSatisfy { choices.products[$0] != nil }
        }
    }

    private func choices(_ choice: ConvolutionChoice) -> TuningChoices {
        var result = TuningChoices()
        switch self {
        case .convolution(let shape): result.convolutions[shape] = choice
        case .weightGradient(let shape): result.weightGradients[shape] = choice
        case .products: break
        }
        return result
    }

    private func choices(_ choice: ProductChoice) -> TuningChoices {
        var result = TuningChoices()
        if case .products(let sizes) = self { for size in sizes { result.products[size] = choice } }
        return result
    }
}

// MARK: The search

extension Tunable {
    /// Stages of a search: each varies what the one before found.
    package enum Stage: CaseIterable, Sendable {
        /// Algorithms, or implementations of a product.
        case algorithms
        /// Tiles of the algorithms that are not far behind the best.
        case tiles
        /// Parts of a sum.
        case parts
    }

    /// A choice that was tried, and how long it took.
    package struct Standing: Sendable {
        package var choices: TuningChoices
        package var seconds: Double

        package init(_ choices: TuningChoices, seconds: Double) {
            self.choices = choices
            self.seconds = seconds
        }
    }

    /// How far behind the best an algorithm may be for its tiles to be tried, as a factor.
    private static let reach = 1.3
    private static let partCounts = [1, 2, 4, 8, 16, 32, 64]

    /// What a stage tries.
    /// - Parameter standings: what was tried and is right, the best first.
    package func candidates(_ stage: Stage, after standings: [Standing], on traits: DeviceTraits)
        -> [TuningChoices]
    {
        let all: [TuningChoices]
        switch self {
        case .convolution(let shape):
            let known = standings.map { ($0.choices.convolutions[shape], $0.seconds) }
            all = convolutions(
                shape, [.implicit, .winograd(outputs: 4), .winograd(outputs: 2), .columns],
                traits.tile(for: shape), stage, known, traits
            ).filter { traits.allows($0, for: shape) }.map(choices)
        case .weightGradient(let shape):
            let known = standings.map { ($0.choices.weightGradients[shape], $0.seconds) }
            all = convolutions(
                shape.weightProduct, [.implicit, .columns], traits.weightGradientTile(for: shape), stage,
                known, traits
            ).filter { traits.allows($0, forWeightGradient: shape) }.map(choices)
        case .products(let sizes):
            all = products(stage, standings).filter { choice in
                // CLBlast has no float sums over half.
                !(traits.precision.storesHalf && choice.gemm == .clblast)
                    && sizes.allSatisfy { traits.allows(choice, for: $0) }
            }.map(choices)
        }
        return all.filter { candidate in !standings.contains { $0.choices == candidate } }
    }

    /// - Parameters:
    ///   - product: whose tiles and parts there are.
    ///   - tile: of the rule.
    private func convolutions(
        _ product: ConvolutionShape, _ algorithms: [ConvolutionAlgorithm], _ tile: ProductTile,
        _ stage: Stage, _ standings: [(choice: ConvolutionChoice?, seconds: Double)], _ traits: DeviceTraits
    ) -> [ConvolutionChoice] {
        let known = standings.compactMap { standing in
            standing.choice.map { (choice: $0, seconds: standing.seconds) }
        }
        switch stage {
        case .algorithms: return algorithms.map { ConvolutionChoice(algorithm: $0) }
        case .tiles:
            let near = known.filter { standing in
                switch standing.choice.algorithm {
                case .columns, .tensorCores: false
                case .implicit: true
                // Elsewhere the usual products compute Winograd's.
                case .winograd: traits.isGPU
                }
            }.filter { $0.seconds <= known[0].seconds * Self.reach }
            return near.flatMap { standing in
                ProductTile.all.map {
                    ConvolutionChoice(algorithm: standing.choice.algorithm, tile: $0)
                }
            }
        case .parts:
            guard let best = known.first?.choice, case .implicit = best.algorithm else { return [] }
            let tiles = (best.tile ?? tile).count(
                rows: product.outputs, columns: product.images * product.positions)
            // With so many tiles the device is busy as it is.
            guard tiles * product.groups < 4 * traits.computeUnits else { return [] }
            return Self.partCounts.map {
                ConvolutionChoice(algorithm: .implicit, tile: best.tile, parts: $0)
            }
        }
    }

    private func products(_ stage: Stage, _ standings: [Standing]) -> [ProductChoice] {
        switch stage {
        case .algorithms: return [.tiled, .vector, .clblast].map { ProductChoice(gemm: $0) }
        case .tiles: return []
        case .parts:
            guard let best = standings.first?.choices.products.values.first, best.gemm == .tiled else {
                return []
            }
            return Self.partCounts.map { ProductChoice(gemm: .tiled, splits: $0) }
        }
    }
}

// MARK: In words

extension Tunable: CustomStringConvertible {
    package var description: String {
        switch self {
        case .convolution(let shape): return "convolution \(shape)"
        case .weightGradient(let shape): return "weight gradient \(shape)"
        case .products(let sizes):
            return "product " + sizes.map { "\($0.m)x\($0.n)x\($0.k)" }.joined(separator: ", ")
        }
    }
}

extension ConvolutionShape: CustomStringConvertible {
    package var description: String {
        var text = "\(images)x\(groups * inputs)x\(size) -> \(groups * outputs)x\(outputSize)"
        text += ", \(window.kernel)"
        if window.stride != Extent(1) { text += " stride \(window.stride)" }
        if window.dilation != Extent(1) { text += " dilation \(window.dilation)" }
        if groups > 1 { text += " groups \(groups)" }
        return text
    }
}
