import Foundation
import SemblanceCore

extension Convolution {
    /// The forward step as one of our Winograd's, if it suits.
    func winograd(_ step: Step, _ lowering: Lowering) -> WinogradConvolution? {
        guard lowering.integerProduct(step) == nil else { return nil }
        return WinogradConvolution(
            window, groups: groups, input: lowering.shape(step.inputs[0]),
            output: lowering.shape(step.outputs[0]), lowering)
    }

    /// Lowers a forward step by our Winograd; false where it does not suit.
    func lowerWinograd(_ step: Step, _ lowering: Lowering) throws(SemblanceError) -> Bool {
        guard let winograd = winograd(step, lowering) else { return false }
        let y = step.outputs[0]
        let layout = try lowering.winogradLayout(lowering.shape(y), weights: step.inputs[1])
        let epilogue = try epilogue(step, layout, lowering)
        let norm = lowering.normalisation(of: step.inputs[0])
        let input = norm?.inputs[0] ?? step.inputs[0]
        let affine = try norm.map { (norm) throws(SemblanceError) in try lowering.affine(norm) }
        let x = try winograd.source(
            input, orAs: lowering.winogradLayout(lowering.shape(input), weights: step.inputs[1]), lowering)
        let weights = try winograd.weights(step.inputs[1], isTurned: false, lowering)
        try lowering.define(y, layout) { (target) throws(SemblanceError) in
            try winograd.compute(
                "convolution", x: x, weights: weights, y: target, epilogue: epilogue, affine: affine, lowering
            )
            try epilogue.activation?.apply(to: target, slope: nil, into: target, lowering)
        }
        return true
    }

    /// Lowers an input gradient, a convolution with the turned weights, by our Winograd; false where it does not suit.
    func lowerWinogradInputGradient(_ step: Step, _ lowering: Lowering) throws(SemblanceError) -> Bool {
        let (dy, dx) = (step.inputs[0], step.outputs[0])
        guard
            let winograd = WinogradConvolution(
                window, groups: groups, input: lowering.shape(dy), output: lowering.shape(dx),
                isGradient: true,
                lowering)
        else { return false }
        func layout(_ value: ValueID) throws(SemblanceError) -> MemoryDescriptor {
            try lowering.winogradLayout(lowering.shape(value), weights: step.inputs[1])
        }
        let source = try winograd.source(dy, orAs: layout(dy), lowering)
        let weights = try winograd.weights(step.inputs[1], isTurned: true, lowering)
        try lowering.define(dx, layout(dx)) { (target) throws(SemblanceError) in
            try winograd.compute(
                "convolutionInputGradient", x: source, weights: weights, y: target, lowering)
        }
        return true
    }

    /// Lowers a weight gradient by our Winograd; false where it does not suit.
    func lowerWinogradWeightGradient(_ step: Step, _ lowering: Lowering) throws(SemblanceError) -> Bool {
        let (x, dy, dweight) = (step.inputs[0], step.inputs[1], step.outputs[0])
        guard
            let gradient = WinogradWeightGradient(
                window, groups: groups, x: lowering.shape(x), y: lowering.shape(dy), lowering)
        else { return false }
        func source(_ value: ValueID) throws(SemblanceError) -> Located {
            let layout = try MemoryDescriptor.blocked(lowering.shape(value), by: lowering.vectors)
            return try gradient.convolution.source(value, orAs: layout, lowering)
        }
        let (image, error) = (try source(x), try source(dy))
        try lowering.definePlain(dweight) { (target) throws(SemblanceError) in
            try gradient.compute("convolutionWeightGradient", x: image, dy: error, dw: target, lowering)
        }
        return true
    }
}

extension Lowering {
    /// In which layout our Winograd leaves its result: what oneDNN's direct convolutions like at inference (with AVX2 they read no other than the
    /// blocked one), what its weight gradients like in training.
    fileprivate func winogradLayout(_ shape: Shape, weights: ValueID) throws(SemblanceError)
        -> MemoryDescriptor
    {
        try constant(weights) == nil || vectors == .avx2 ? .blocked(shape, by: vectors) : .channelsLast(shape)
    }

    /// The batch norm that makes a value, where each of the value's readers applies it to what it loads.
    func normalisation(of value: ValueID) -> Step? {
        guard program[value].storage == .intermediate, let norm = producer(of: value),
            case .batchNorm = norm.op, shape(value).rank == 4,
            norm.inputs.dropFirst().allSatisfy({ constant($0) != nil })
        else { return nil }
        let isApplied = readers(of: value).allSatisfy { reader in
            guard case .convolution(let convolution) = reader.op else { return false }
            return !reader.inputs.dropFirst().contains(value) && convolution.winograd(reader, self) != nil
        }
        return isApplied ? norm : nil
    }

    /// What a batch norm with constant statistics multiplies and adds, by channel.
    fileprivate func affine(_ step: Step) throws(SemblanceError) -> WinogradConvolution.Affine {
        guard case .batchNorm(let norm) = step.op else {
            throw SemblanceError(.internalFault, "\(step.op.name) is no batch norm")
        }
        let parts = step.inputs.dropFirst().map { constant($0) ?? [] }
        let scales = zip(parts[0], parts[3]).map { $0 / ($1 + norm.epsilon).squareRoot() }
        let shifts = zip(zip(parts[1], parts[2]), scales).map { $0.0 - $0.1 * $1 }
        return (try constants(scales, count: scales.count), try constants(shifts, count: shifts.count))
    }

    /// A constant vector of `count` elements, which repeats the values.
    func constants(_ values: [Float], count: Int) throws(SemblanceError) -> Located {
        let (place, base) = try constantMemory(size: count * 4)
        let target = base.assumingMemoryBound(to: Float.self)
        for index in 0..<count { target[index] = values[index % values.count] }
        return place
    }
}
