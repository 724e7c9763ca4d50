import COneDNN
import CVectorKernels
import Foundation
import SemblanceCore

/// A 3x3 convolution of stride 1 by our own Winograd kernels: bias, residual and activation, and a batch norm before it, cost no pass of
/// their own.
struct WinogradConvolution {
    /// 2 for F(2x2, 3x3), 4 for F(4x4, 3x3).
    let tile: Int
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
    ///   - top, left: zeros around the input.
    ///   - reading: see `Vectors.reading`; 0 where no weights are read.
    init?(
        _ window: Window, groups: Int, input: Shape, output: Shape, top: Int, left: Int,
        reading: Int? = nil, _ lowering: Lowering
    ) {
        guard lowering.vectors != .none, window.kernel == Extent(3), window.stride == Extent(1),
            window.dilation == Extent(1), groups == 1, input.count > 0, output.count > 0,
            input.channels % 16 == 0, output.channels % 16 == 0, min(input.channels, output.channels) >= 32
        else { return nil }
        // In units of a tile's or pixel's products with all weights. A fixed rule, so that the same program always computes the same bits.
        func cost(points: Int, places: Int) -> Int {
            points * (places + (reading ?? lowering.vectors.reading))
        }
        func tiles(_ tile: Int) -> Int {
            output.batch * ((output.height + tile - 1) / tile) * ((output.width + tile - 1) / tile)
        }
        let small = cost(points: 16, places: tiles(2)), large = cost(points: 36, places: tiles(4))
        guard min(small, large) < cost(points: 9, places: output.batch * output.spatialCount) else {
            return nil
        }
        tile = large < small ? 4 : 2
        (self.input, self.output, self.top, self.left) = (input, output, top, left)
        (threads, vectors) = (lowering.threads, lowering.vectors)
    }

    // MARK: Sizes

    /// Floats between planes, and between rows that are read across: those of a power of two bytes would share the sets of the cache.
    static let gap = 16
    var side: Int { tile + 2 }
    var points: Int { side * side }
    var panels: Int { (output.channels + vectors.panel - 1) / vectors.panel }
    private var across: Int { (output.width + tile - 1) / tile }
    private var down: Int { (output.height + tile - 1) / tile }
    var tiles: Int { output.batch * down * across }

    /// Floats of a panel of transformed weights.
    private func weightCount(panel: Int) -> Int {
        points * (input.channels * min(vectors.panel, output.channels - panel * vectors.panel) + Self.gap)
    }

    private func plane(_ tiles: Int) -> Int { tiles * input.channels + Self.gap }
    private func transformedCount(_ tiles: Int) -> Int { points * plane(tiles) }
    private func productCount(_ tiles: Int) -> Int { points * (tiles * vectors.panel + Self.gap) }

    // MARK: Weights

    /// The transformed weights: once for constants, otherwise in every run.
    /// - Parameter isTurned: whether the convolution is the input gradient of one with these weights.
    func weights(_ value: ValueID, isTurned: Bool, _ lowering: Lowering) throws(SemblanceError) -> Located {
        let count = (0..<panels).map(weightCount).reduce(0, +)
        func transform(_ source: UnsafePointer<Float>, _ target: UnsafeMutablePointer<Float>) {
            parallel(panels, block: 1, threads: threads) { panel, _ in
                semblance_winograd_weights(
                    vectors.raw, source, output.channels, input.channels, isTurned ? 1 : 0, Int32(side),
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
        (problem.tiles_down, problem.tiles_across) = (down, across)
        problem.side = Int32(side)
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
            rows: tiles, panels: panels, threads: threads, chunk: 52, reading: vectors.reading,
            preparation: 1.2)
        let productCount = productCount(schedule.largest)
        let teamCount = productCount + transformedCount(schedule.largest)
        lowering.append(
            Task(
                name: "\(name) winograd_\(tile)x3:\(vectors)",
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
                    schedule.run { team, tiles, panels in
                        let products = memory + team * teamCount, transformed = products + productCount
                        let plane = plane(tiles.count)
                        withUnsafePointer(to: bound) { problem in
                            semblance_winograd_inputs(
                                problem, tiles.lowerBound, tiles.upperBound, transformed, plane,
                                input.channels)
                            for panel in panels {
                                semblance_winograd_outputs(
                                    problem, panel, tiles.lowerBound, tiles.upperBound, transformed, plane,
                                    products)
                            }
                        }
                    }
                }
            })
    }
}
