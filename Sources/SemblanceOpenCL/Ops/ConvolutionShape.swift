import SemblanceCore

/// A convolution as matrix products: for each image and group, weights [outputs, rows] times columns [rows, positions].
package struct ConvolutionShape: Hashable, Sendable {
    var images: Int
    var groups: Int
    /// Channels of a group.
    var inputs: Int
    var outputs: Int
    /// Height and width of x.
    var size: Extent
    /// Height and width of y.
    var outputSize: Extent
    var window: Window

    /// Rows of a group's columns: channels x taps.
    var rows: Int { inputs * window.kernel.count }
    var positions: Int { outputSize.count }
    /// Elements of one image in x and y.
    var inputCount: Int { groups * inputs * size.count }
    var outputCount: Int { groups * outputs * positions }
    var columnCount: Int { groups * rows * positions }

    /// Whether the columns of an image are the image itself.
    var isPointwise: Bool {
        window.kernel.count == 1 && window.stride.count == 1 && window.padding == Padding(0)
    }

    var isDepthwise: Bool { inputs == 1 && groups > 1 }

    /// The images whose columns are made at a time: bounded scratch memory, which on a CPU should stay in its cache.
    func chunks(on traits: DeviceTraits) -> [Range<Int>] {
        chunks(of: columnCount, limit: traits.isGPU ? 32 << 20 : 2 << 20)
    }

    /// The images in even parts, such that `count` elements for each image stay below a limit.
    func chunks(of count: Int, limit: Int) -> [Range<Int>] {
        let most = min(max(limit / max(count, 1), 1), images)
        let parts = (images + most - 1) / most
        return (0..<parts).map { images * $0 / parts..<images * ($0 + 1) / parts }
    }

    /// GEOMETRY in convolution.cl.
    var geometry: [KernelArgument] {
        [
            size.height, size.width, window.kernel.height, window.kernel.width, window.stride.height,
            window.stride.width, window.dilation.height, window.dilation.width, window.padding.top,
            window.padding.left, outputSize.height, outputSize.width,
        ].map(KernelArgument.int)
    }
}

extension ConvolutionShape {
    init(_ convolution: Convolution, x: Shape, weight: Shape, y: Shape) {
        self.init(
            images: x.batch, groups: convolution.groups, inputs: weight[1],
            outputs: weight[0] / convolution.groups, size: Extent(x.height, x.width),
            outputSize: Extent(y.height, y.width), window: convolution.window)
    }

    /// The convolution of dy with the turned filters that gives dx, where the stride is 1.
    var inputGradient: ConvolutionShape? {
        guard window.stride.count == 1 else { return nil }
        var gradient = self
        (gradient.inputs, gradient.outputs) = (outputs, inputs)
        (gradient.size, gradient.outputSize) = (outputSize, size)
        // What is left of the window past a pixel's own place; negative where there is more padding than that.
        let (down, across, padding) = (window.reach.height - 1, window.reach.width - 1, window.padding)
        gradient.window.padding = Padding(
            top: down - padding.top, left: across - padding.left, bottom: down - padding.bottom,
            right: across - padding.right)
        return gradient
    }
}

/// The filters of a convolution.
struct Filters {
    var tensor: DeviceTensor
    /// Whether they are those of the convolution whose input gradient is computed: input and output channels are swapped and each
    /// filter is turned by 180 degrees.
    var areTurned = false

    /// Elements between the filters of groups, output channels and input channels.
    func strides(_ shape: ConvolutionShape) -> (group: Int, output: Int, input: Int) {
        let taps = shape.window.kernel.count
        let group = shape.inputs * shape.outputs * taps
        return areTurned
            ? (group, taps, shape.outputs * taps) : (group, shape.inputs * taps, taps)
    }
}

/// Where the columns of several images stand: see convolution.cl.
struct ColumnLayout {
    var imageStride: Int
    var rowStride: Int

    /// One matrix an image.
    static func apart(_ shape: ConvolutionShape) -> ColumnLayout {
        ColumnLayout(imageStride: shape.columnCount, rowStride: shape.positions)
    }

    /// One matrix in which the images stand side by side.
    static func sideBySide(_ shape: ConvolutionShape, images: Int) -> ColumnLayout {
        ColumnLayout(imageStride: shape.positions, rowStride: images * shape.positions)
    }
}

extension Lowering {
    /// Launches with a work-item for each of `positions` (rounded up) x `rows` x `images`; work-groups of at most `group` lie along the positions.
    mutating func launchImages(
        _ source: String, _ function: String, defines: [String: Int] = [:], positions: Int, rows: Int,
        images: Int, group: Int = .max,
        _ arguments: [KernelArgument]
    ) {
        let group = min(group, traits.flatGroup)
        launch(
            KernelLaunch(
                source, function, defines: defines, arguments: arguments,
                global: [(positions + group - 1) / group * group, rows, images], local: [group, 1, 1]))
    }

    /// Columns of the images of x.
    mutating func im2col(
        _ shape: ConvolutionShape, images: Int, x: DeviceTensor, columns: DeviceTensor, layout: ColumnLayout
    ) {
        let rows = shape.groups * shape.rows
        let arguments: [KernelArgument] =
            [.tensor(x.named("x")), .tensor(columns.named("columns")), .int(shape.groups * shape.inputs)]
            + [.ulong(layout.imageStride), .ulong(layout.rowStride)] + shape.geometry
        if traits.isGPU {
            launchImages(
                "convolution", "im2col", positions: shape.positions, rows: rows, images: images, arguments)
        } else {
            launch(
                KernelLaunch(
                    "convolution", "im2col_rows", arguments: arguments, global: [rows, images], local: [1, 1])
            )
        }
    }

    /// The transpose of `im2col`: sums of the columns that each pixel went to.
    mutating func col2im(
        _ shape: ConvolutionShape, images: Int, columns: DeviceTensor, x: DeviceTensor, layout: ColumnLayout
    ) {
        let channels = shape.groups * shape.inputs
        let arguments: [KernelArgument] =
            [.tensor(columns.named("columns")), .tensor(x.named("x")), .int(channels)]
            + [.ulong(layout.imageStride), .ulong(layout.rowStride)] + shape.geometry
        // The kernel for CPUs makes its sums in x.
        if traits.isGPU || x.element == .half {
            launchImages(
                "convolution", "col2im", positions: shape.size.count, rows: channels, images: images,
                arguments)
        } else {
            launch(
                KernelLaunch(
                    "convolution", "col2im_rows", arguments: arguments,
                    global: [shape.size.height, channels, images], local: [1, 1, 1]))
        }
    }

    /// Puts the images of a tensor like y side by side.
    mutating func gather(_ shape: ConvolutionShape, images: Int, from x: DeviceTensor, to y: DeviceTensor) {
        launchImages(
            "convolution", "gather_images", positions: shape.positions, rows: shape.groups * shape.outputs,
            images: images,
            [.tensor(x.named("x")), .tensor(y.named("y")), .int(shape.positions)])
    }

    /// Whether the images of a chunk should stand in one matrix for a product of `rows` x `depth` with the positions.
    func prefersSideBySide(
        _ shape: ConvolutionShape, rows: Int, depth: Int, images: Int, inHalf: Bool
    ) -> Bool {
        switch traits.implementation(m: rows, n: images * shape.positions, k: depth, inHalf: inHalf) {
        case .clblast:
            // It wants large products and has no batches. Pointwise convolutions with enough positions need no columns at all.
            !(shape.isPointwise && shape.positions >= 1024)
        case .vector:
            // Tiles are 32 wide: small images leave too much of the last one empty.
            shape.positions < 64 && !shape.isPointwise
        default: false
        }
    }
}
