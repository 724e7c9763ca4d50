import CVectorKernels
import Foundation
import SemblanceCore

/// A dense convolution or fully connected layer whose input comes from `quantise` and whose weights lie on levels: computed on bytes, with sums
/// that are exact.
final class IntegerProduct {
    let input: Quantisation
    let weights: WeightLevels
    private let weightShape: Shape
    /// A fully connected layer is a window of one pixel.
    private let convolution: Convolution
    private let isMatrix: Bool
    /// PReLU's, or one for all channels.
    private let slopes: [Float]
    private let bias: [Float]

    static let isSupported = semblance_has_integer_products() != 0

    /// nil for a step that is none.
    init?(_ step: Step, in lowering: Lowering) {
        guard Self.isSupported, let x = step.inputs.first, step.inputs.count > 1,
            case .quantise(let input)? = lowering.producer(of: x)?.op
        else { return nil }
        switch step.op {
        case .convolution(let convolution):
            guard convolution.groups == 1 else { return nil }
            self.convolution = convolution
            isMatrix = false
        case .fullyConnected(let layer):
            convolution = Convolution(window: Window(kernel: Extent(1)), hasBias: layer.hasBias)
            isMatrix = true
        default: return nil
        }
        let program = lowering.program
        func constant(_ index: Int) -> [Float]? { lowering.constant(step.inputs[index]) }
        weightShape = program.shape(of: step.inputs[1])
        let channels = weightShape[0]
        switch convolution.activation {
        case nil: slopes = [Float](repeating: 1, count: channels)
        case .relu: slopes = [Float](repeating: 0, count: channels)
        case .leakyRelu(let slope): slopes = [Float](repeating: slope, count: channels)
        case .prelu:
            guard let values = convolution.slopeIndex.flatMap(constant) else { return nil }
            slopes = values
        default: return nil
        }
        if let index = convolution.biasIndex {
            guard let values = constant(index) else { return nil }
            bias = values
        } else {
            bias = [Float](repeating: 0, count: channels)
        }
        // The sums are 32-bit integers; what they wrap to on the way does not matter.
        guard weightShape.count / channels < Int(Int32.max) / (255 * 127), slopes.allSatisfy(\.isFinite),
            let values = constant(1), let weights = WeightLevels(of: values, rows: channels)
        else { return nil }
        self.weights = weights
        self.input = input
    }

    /// Bytes of a pixel.
    static func stride(_ shape: Shape) -> Int { (shape.channels + 3) / 4 * 4 }

    func lower(_ step: Step, levels: Located, _ lowering: Lowering) throws(SemblanceError) {
        let (x, y) = (lowering.shape(step.inputs[0]), lowering.shape(step.outputs[0]))
        let packed = try pack(lowering, stride: Self.stride(x))
        let residual = try convolution.residualIndex.map { (index) throws(SemblanceError) in
            try lowering.source(step.inputs[index], as: .channelsLast(y))
        }
        let description = description(x, y)
        let positions = y.count / y.channels, vectors = (y.channels + 15) / 16
        let threads = lowering.threads
        // Neighbouring threads write to the same cache lines where they share a pixel, and read the same weights where they do not: few pixels
        // are shared.
        let sharesPixels = positions < 128 * threads && vectors >= 4 * threads
        let count = sharesPixels ? (vectors + 3) / 4 : positions
        let parts = positions * weightShape.count < 1 << 18 ? 1 : min(threads, count)
        let name = "\(step.op.name) integer:avx512_vnni"
        try lowering.define(step.outputs[0], .channelsLast(y)) { target in
            let places = [levels, packed.place, target] + [residual].compactMap(\.self)
            lowering.host(name, places) { memory, _ in
                var product = description
                product.x = UnsafeRawPointer(memory[0]).assumingMemoryBound(to: UInt8.self)
                packed.bind(&product, UnsafeRawPointer(memory[1]))
                product.y = memory[2]
                product.residual = residual == nil ? nil : UnsafePointer(memory[3])
                let bound = product
                parallel(parts, block: 1, threads: parts) { part, _ in
                    let begin = count * part / parts, end = count * (part + 1) / parts
                    withUnsafePointer(to: bound) { product in
                        if sharesPixels {
                            semblance_integer_product(product, 4 * begin, min(4 * end, vectors), 0, positions)
                        } else {
                            semblance_integer_product(product, 0, vectors, begin, end)
                        }
                    }
                }
            }
        }
    }

    private func description(_ x: Shape, _ y: Shape) -> semblance_integer_product {
        var product = semblance_integer_product()
        let window = convolution.window
        product.channels = y.channels
        product.stride = Self.stride(x)
        (product.height, product.width) = isMatrix ? (1, 1) : (x.height, x.width)
        (product.output_height, product.output_width) = isMatrix ? (1, 1) : (y.height, y.width)
        (product.kernel_height, product.kernel_width) = (window.kernel.height, window.kernel.width)
        (product.stride_height, product.stride_width) = (window.stride.height, window.stride.width)
        (product.dilation_height, product.dilation_width) = (window.dilation.height, window.dilation.width)
        (product.top, product.left) = (window.padding.top, window.padding.left)
        return product
    }

    /// Constants in one block of memory.
    private struct Packed {
        /// Their sizes in bytes.
        struct Parts {
            var stride: Int
            var channels: Int
            var weights: Int

            /// start, scale, bias, slope, outside, weights.
            var offsets: [Int] {
                let vector = channels * 4
                return [0, vector, 2 * vector, 3 * vector, 4 * vector, 4 * vector + (stride + 63) / 64 * 64]
            }
            var size: Int { offsets[5] + weights }
        }

        var place: Located
        var parts: Parts

        func bind(_ product: inout semblance_integer_product, _ base: UnsafeRawPointer) {
            let offsets = parts.offsets
            product.start = (base + offsets[0]).assumingMemoryBound(to: Int32.self)
            product.scale = (base + offsets[1]).assumingMemoryBound(to: Float.self)
            product.bias = (base + offsets[2]).assumingMemoryBound(to: Float.self)
            product.slope = (base + offsets[3]).assumingMemoryBound(to: Float.self)
            product.outside = (base + offsets[4]).assumingMemoryBound(to: UInt8.self)
            product.weights = (base + offsets[5]).assumingMemoryBound(to: Int8.self)
        }
    }

    private func pack(_ lowering: Lowering, stride: Int) throws(SemblanceError) -> Packed {
        let rows = weightShape[0], channels = (rows + 15) / 16 * 16
        let depth = weightShape[1], taps = convolution.window.kernel.count
        let parts = Packed.Parts(stride: stride, channels: channels, weights: channels * taps * stride)
        let (place, base) = try lowering.constantMemory(size: parts.size)
        let packed = Packed(place: place, parts: parts)
        let offsets = parts.offsets
        let start = (base + offsets[0]).assumingMemoryBound(to: Int32.self)
        let floats = (1...3).map { (base + offsets[$0]).assumingMemoryBound(to: Float.self) }
        memset(base + offsets[4], Int32(input.zero), stride)
        let target = (base + offsets[5]).assumingMemoryBound(to: Int8.self)
        weights.levels.withUnsafeBufferPointer { levels in
            for row in 0..<rows {
                var sum = 0
                for tap in 0..<taps {
                    let line = target + ((row / 16 * taps + tap) * stride / 4) * 64 + row % 16 * 4
                    for channel in 0..<depth {
                        let level = levels[(row * depth + channel) * taps + tap]
                        line[channel / 4 * 64 + channel % 4] = level
                        sum += Int(level)
                    }
                }
                start[row] = Int32(-input.zero * sum)
                floats[0][row] = weights.scales[row] * input.scale
                floats[1][row] = bias[row]
                floats[2][row] = slopes[row]
            }
        }
        return packed
    }
}
