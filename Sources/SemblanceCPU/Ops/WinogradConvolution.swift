import COneDNN
import CVectorKernels
import Foundation
import SemblanceCore

/// A 3x3 convolution of stride 1 or 2 by our own Winograd kernels: bias, residual and activation, and a batch norm before it, cost no pass of
/// their own.
struct WinogradConvolution {
    let form: semblance_winograd_form
    /// Of a tile, along an axis.
    let sizes: semblance_winograd_sizes
    let input: Shape
    let output: Shape
    private let top: Int
    private let left: Int
    let threads: Int
    let vectors: Vectors

    /// What a batch norm before the convolution multiplies and adds, by channel.
    typealias Affine = (scale: Located, shift: Located)

    /// nil where the shape does not suit, or a direct convolution is likely faster.
    /// - Parameters:
    ///   - input, output: of the product, [N,C,H,W]; for an input gradient the output's gradient and the input's.
    ///   - isGradient: whether it is the input gradient of a convolution with this window.
    ///   - isWeightGradient: whether the tiles of both are multiplied with one another.
    init?(
        _ window: Window, groups: Int, input: Shape, output: Shape, isGradient: Bool = false,
        isWeightGradient: Bool = false, _ lowering: Lowering
    ) {
        guard lowering.vectors != .none, window.kernel == Extent(3), window.dilation == Extent(1),
            groups == 1,
            input.count > 0, output.count > 0, input.channels % 16 == 0, output.channels % 16 == 0,
            min(input.channels, output.channels) >= 32
        else { return nil }
        let padding = window.padding
        let forms: [semblance_winograd_form]
        switch window.stride {
        case Extent(1):
            forms = [SEMBLANCE_F2, SEMBLANCE_F4]
            (top, left) = isGradient ? (2 - padding.top, 2 - padding.left) : (padding.top, padding.left)
        case Extent(2) where !isGradient:
            forms = [SEMBLANCE_STRIDED]
            (top, left) = (padding.top, padding.left)
        case Extent(2) where padding.top == 1 && padding.left == 1:
            forms = [SEMBLANCE_STRIDED_GRADIENT]
            (top, left) = (0, 0)
        default: return nil
        }
        // In multiplications. A fixed rule, so that the same program always computes the same bits.
        let weights = input.channels * output.channels
        let reading = isWeightGradient ? 0 : lowering.vectors.reading
        let transforming =
            (isWeightGradient ? 2 : 1) * lowering.vectors.transforming * (input.channels + output.channels)
        func cost(_ form: semblance_winograd_form) -> Int {
            let sizes = semblance_winograd_sizes(form)
            return sizes.pointCount * sizes.tiles(output) * (weights + transforming)
                + sizes.planeCount * reading * weights
        }
        let convolved = isGradient ? input : output
        guard let best = forms.min(by: { cost($0) < cost($1) }),
            cost(best) < 9 * weights * (convolved.batch * convolved.spatialCount + reading)
        else { return nil }
        (form, sizes) = (best, semblance_winograd_sizes(best))
        (self.input, self.output) = (input, output)
        (threads, vectors) = (lowering.threads, lowering.vectors)
    }

    // MARK: Sizes

    /// Floats between planes, and between rows that are read across: those of a power of two bytes would share the sets of the cache.
    static let gap = 16
    var panels: Int { (output.channels + vectors.panel - 1) / vectors.panel }
    var tiles: Int { sizes.tiles(output) }

    /// As a profile shows it.
    func name(_ operation: String) -> String {
        let filter = form == SEMBLANCE_STRIDED || form == SEMBLANCE_STRIDED_GRADIENT ? 2 : 3
        return "\(operation) winograd_\(min(sizes.outputs, 4))x\(filter):\(vectors)"
    }

    /// Floats of a panel of transformed weights.
    private func weightCount(panel: Int) -> Int {
        sizes.planeCount
            * (input.channels * min(vectors.panel, output.channels - panel * vectors.panel) + Self.gap)
    }

    private func plane(_ tiles: Int) -> Int { tiles * input.channels + Self.gap }
    private func transformedCount(_ tiles: Int) -> Int { sizes.pointCount * plane(tiles) }
    private func productCount(_ tiles: Int) -> Int {
        sizes.pointCount * (tiles * vectors.panel + Self.gap)
    }

    // MARK: Weights

    /// The transformed weights: once for constants, otherwise in every run.
    /// - Parameter isTurned: whether the convolution is the input gradient of one with these weights.
    func weights(_ value: ValueID, isTurned: Bool, _ lowering: Lowering) throws(SemblanceError) -> Located {
        let count = (0..<panels).map(weightCount).reduce(0, +)
        func transform(_ source: UnsafePointer<Float>, _ target: UnsafeMutablePointer<Float>) {
            parallel(panels, block: 1, threads: threads) { panel, _ in
                semblance_winograd_weights(
                    vectors.raw, source, output.channels, input.channels, isTurned ? 1 : 0, form,
                    panel,
                    target + panel * weightCount(panel: 0))
            }
        }
        if let constant = lowering.constant(value) {
            let (place, base) = try lowering.constantMemory(size: count * 4)
            let target = base.assumingMemoryBound(to: Float.self)
            constant.withUnsafeBufferPointer { if let start = $0.baseAddress { transform(start, target) } }
            return place
        }
        let source = try lowering.plain(value)
        let target = lowering.temporary(try MemoryDescriptor([count]))
        lowering.host("winograd_weights", [source, target]) { memory, _ in transform(memory[0], memory[1]) }
        return target
    }

    // MARK: Images

    /// How the image lies in memory, or nil for a layout that the kernels do not read.
    private func image(_ shape: Shape, _ layout: MemoryDescriptor) throws(SemblanceError)
        -> semblance_image?
    {
        let (channels, height, width) = (shape.channels, shape.height, shape.width)
        var image = semblance_image(
            channels: channels, height: height, width: width, pixel: channels, block: vectors.floats)
        if try layout == .channelsLast(shape) { return image }
        (image.pixel, image.block) = (vectors.floats, vectors.floats * height * width)
        return try layout == .blocked(shape, by: vectors) ? image : nil
    }

    /// The value where it stands, if the kernels read that layout, or else in the given one.
    func source(_ value: ValueID, orAs layout: MemoryDescriptor, _ lowering: Lowering) throws(SemblanceError)
        -> Located
    {
        let place = try lowering.source(value)
        if try image(lowering.shape(value), place.layout) != nil { return place }
        return try lowering.source(value, as: layout)
    }

    // MARK: Running

    /// The problem without its memory.
    /// - Parameters x, y: the layouts of input and output, channels-last or blocked.
    func problem(_ name: String, x: MemoryDescriptor, y: MemoryDescriptor) throws(SemblanceError)
        -> semblance_winograd
    {
        guard let source = try image(input, x), let result = try image(output, y) else {
            throw SemblanceError(.internalFault, "\(name): a layout that Winograd's kernels do not know")
        }
        var problem = semblance_winograd()
        problem.vectors = vectors.raw
        (problem.input, problem.output) = (source, result)
        (problem.top, problem.left) = (top, left)
        (problem.tiles_down, problem.tiles_across) = (sizes.down(output), sizes.across(output))
        problem.form = form
        return problem
    }

    /// Appends the task that computes `y`, in channels-last or blocked layout, from `x` in either.
    func compute(
        _ name: String, x: Located, weights: Located, y: Located,
        epilogue: ConvolutionEpilogue = ConvolutionEpilogue(), affine: Affine? = nil, _ lowering: Lowering
    ) throws(SemblanceError) {
        let unbound = try problem(name, x: x.layout, y: y.layout)
        // A thread transforms for itself what it multiplies: that is cheaper than to wait for another, and to fetch it from there.
        let schedule = PanelSchedule(
            rows: tiles, panels: panels, threads: threads, chunk: 1_900 / sizes.pointCount,
            reading: vectors.reading,
            preparation: 1.2)
        let productCount = productCount(schedule.largest)
        let teamCount = productCount + transformedCount(schedule.largest)
        lowering.append(
            Task(
                name: self.name(name),
                uses: [x, weights, y] + epilogue.places + (affine.map { [$0.scale, $0.shift] } ?? []),
                scratch: schedule.teams * teamCount * 4
            ) { (resolve, scratch) throws(SemblanceError) in
                guard let scratch else {
                    throw SemblanceError(.internalFault, "\(name): no memory for Winograd's tiles")
                }
                var problem = unbound
                problem.x = UnsafePointer(resolve(x))
                problem.weights = UnsafePointer(resolve(weights))
                problem.y = resolve(y)
                (problem.bias, problem.slope, problem.residual) = epilogue.resolved(resolve)
                if let affine {
                    problem.scale = UnsafePointer(resolve(affine.scale))
                    problem.shift = UnsafePointer(resolve(affine.shift))
                }
                let bound = problem
                let memory = scratch.assumingMemoryBound(to: Float.self)
                return { () throws(SemblanceError) in
                    withUnsafePointer(to: bound) { problem in
                        func products(_ team: Int) -> UnsafeMutablePointer<Float> {
                            memory + team * teamCount
                        }
                        schedule.run { team, tiles in
                            semblance_winograd_inputs(
                                problem, tiles.lowerBound, tiles.upperBound, products(team) + productCount,
                                plane(tiles.count), input.channels)
                        } multiply: { team, tiles, panel in
                            semblance_winograd_outputs(
                                problem, panel, tiles.lowerBound, tiles.upperBound,
                                products(team) + productCount, plane(tiles.count), products(team))
                        }
                    }
                }
            })
    }
}

extension semblance_winograd_sizes {
    /// Of a whole tile.
    var pointCount: Int { Int(points * points) }
    var planeCount: Int { Int(planes * planes) }

    func across(_ output: Shape) -> Int { (output.width + Int(outputs) - 1) / Int(outputs) }
    func down(_ output: Shape) -> Int { (output.height + Int(outputs) - 1) / Int(outputs) }
    func tiles(_ output: Shape) -> Int { output.batch * down(output) * across(output) }
}
