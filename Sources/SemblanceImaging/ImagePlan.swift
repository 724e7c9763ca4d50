import SemblanceCore

/// A view of an image for a network: `transform` leads from the input's pixels to the image's.
package struct ImageView: Sendable {
    package var image: Image
    package var transform: AffineMap

    package init(_ image: Image, _ transform: AffineMap = .identity) {
        self.image = image
        self.transform = transform
    }
}

/// A network on a device that looks at images. What makes its input of them (geometry, colours, mean and scale) runs on the
/// device as well. Belongs to one thread at a time.
package final class ImagePlan {
    package let format: InputFormat
    package let batch: Int
    /// Pixels that a view may take of its image; a larger part is shrunk on its way to the device.
    package let capacity: Int
    package var device: Device { plan.device }
    /// Bytes that the plan takes.
    package var memory: Int { plan.memory + pixels.count * 4 }
    private let plan: any Plan
    private let pictures: ValueID
    private let views: ValueID
    private let outputs: [ValueID]
    private var pixels: [Float]

    /// - Throws: `invalidModel` where the network's input is not of the format, and what `prepare` throws.
    package init(
        _ network: Network, format: InputFormat, batch: Int, capacity: Int, on backend: any Backend
    ) throws(SemblanceError) {
        guard network.inputShape == [format.colours.count, format.height, format.width] else {
            throw SemblanceError(
                .invalidModel,
                "\(network.name) takes \(network.inputShape), which is not what its format says")
        }
        var program = Program()
        pictures = program.add("pictures", [batch, capacity], .input)
        views = program.add("views", [batch, PictureView.count], .input)
        let input = try program.append(.warp(format), [pictures, views], named: network.inputName)[0]
        outputs = try program.append(network.optimised(), input: input)
        plan = try backend.prepare(program, options: PlanOptions())
        self.format = format
        self.batch = batch
        self.capacity = capacity
        pixels = [Float](repeating: 0, count: batch * capacity)
    }

    /// The shape of an output, the batch included.
    package func shape(of output: Int) -> Shape { plan.program.shape(of: outputs[output]) }
    package var outputCount: Int { outputs.count }

    /// Runs the network on up to `batch` views. The outputs of missing ones mean nothing.
    package func run(_ views: some Collection<ImageView>) throws(SemblanceError) {
        var rows: [Float] = []
        rows.reserveCapacity(batch * PictureView.count)
        pixels.withUnsafeMutableBufferPointer { pixels in
            for (index, view) in views.prefix(batch).enumerated() {
                let slot = UnsafeMutableBufferPointer(
                    rebasing: pixels[index * capacity..<(index + 1) * capacity])
                var row = view.packed(into: slot, seenAs: format)
                row.picture = index
                rows += row.values
            }
        }
        while rows.count < batch * PictureView.count { rows += PictureView.none.values }
        try plan.write(pixels, to: pictures)
        try plan.write(rows, to: self.views)
        try plan.run()
    }

    /// Waits for the run and copies an output out.
    package func read(_ output: Int, into values: UnsafeMutableBufferPointer<Float>) throws(SemblanceError) {
        try plan.read(outputs[output], into: values)
    }
}

extension ImageView {
    /// Writes what the network sees of the image as packed pixels, at full size where the input is no more than twice as coarse and
    /// the memory suffices; else averaged over squares, so that no detail turns into noise.
    fileprivate func packed(into slot: UnsafeMutableBufferPointer<Float>, seenAs format: InputFormat)
        -> PictureView
    {
        guard transform.scale.isFinite, let target = slot.baseAddress else { return .none }
        var block = max(1, Int((min(transform.scale, 1e6) / 2).rounded(.up)))
        guard var part = part(of: format, margin: block) else { return .none }
        func blocks(_ length: Int) -> Int { (length + block - 1) / block }
        while blocks(part.width) * blocks(part.height) > slot.count {
            block += 1
            part = self.part(of: format, margin: block) ?? part
        }
        let (width, height) = (blocks(part.width), blocks(part.height))
        if block == 1 {
            image.pack(part, into: target)
        } else {
            image.packAverages(part, block: block, into: target)
        }
        // Into the part, and from its pixels to the middles of its blocks.
        let shrink = 1 / Double(block)
        let inPart = AffineMap(
            a: shrink, b: 0, c: (0.5 - Double(part.x)) * shrink - 0.5, d: 0, e: shrink,
            f: (0.5 - Double(part.y)) * shrink - 0.5)
        return PictureView(
            picture: 0, width: width, height: height, transform: transform.followed(by: inPart))
    }

    /// The rectangle of the image that the input's pixels are mixed of; nil where they see nothing of it.
    /// - Parameter margin: how far around a pixel's place they look.
    private func part(of format: InputFormat, margin: Int) -> Rectangle? {
        let (right, bottom) = (Double(format.width - 1), Double(format.height - 1))
        let corners = [
            transform(0, 0), transform(right, 0), transform(0, bottom), transform(right, bottom),
        ]
        func range(_ values: [Double], _ length: Int) -> Range<Int>? {
            guard let low = values.min(), let high = values.max(), low < Double(length), high > -1 else {
                return nil
            }
            let reach = Double(margin)
            return Int(
                max(low.rounded(.down) - reach, 0))..<Int(
                    min(high.rounded(.down) + 1 + reach, Double(length)))
        }
        // Written so that a transform that is no number sees nothing.
        guard corners.allSatisfy({ $0.x.isFinite && $0.y.isFinite }),
            let columns = range(corners.map(\.x), image.width), !columns.isEmpty,
            let rows = range(corners.map(\.y), image.height), !rows.isEmpty
        else { return nil }
        return Rectangle(
            x: columns.lowerBound, y: rows.lowerBound, width: columns.count, height: rows.count)
    }
}

extension Image {
    /// - Precondition: `part` lies inside and `target` has room for its pixels.
    fileprivate func pack(_ part: Rectangle, into target: UnsafeMutablePointer<Float>) {
        pixels.withUnsafeBufferPointer { pixels in
            guard let base = pixels.baseAddress else { return }
            for row in 0..<part.height {
                let source = base + ((part.y + row) * width + part.x) * channels
                let target = target + row * part.width
                if channels == 1 {
                    for column in 0..<part.width {
                        target[column] = Float(UInt32(source[column]) &* 0x010101)
                    }
                } else {
                    for column in 0..<part.width {
                        target[column] = PackedPixel.pack(
                            red: source[3 * column], green: source[3 * column + 1],
                            blue: source[3 * column + 2])
                    }
                }
            }
        }
    }

    /// Means over squares of `block` pixels; at the right and at the bottom over what is left.
    fileprivate func packAverages(_ part: Rectangle, block: Int, into target: UnsafeMutablePointer<Float>) {
        let columns = (part.width + block - 1) / block
        var sums = [UInt32](repeating: 0, count: columns * channels)
        var target = target
        pixels.withUnsafeBufferPointer { pixels in
            for top in stride(from: 0, to: part.height, by: block) {
                let rows = min(block, part.height - top)
                sums.withUnsafeMutableBufferPointer { sums in
                    sums.update(repeating: 0)
                    for row in top..<top + rows {
                        var source = ((part.y + row) * width + part.x) * channels
                        for column in 0..<columns {
                            for _ in 0..<min(block, part.width - column * block) {
                                for channel in 0..<channels {
                                    sums[column * channels + channel] &+= UInt32(pixels[source + channel])
                                }
                                source += channels
                            }
                        }
                    }
                }
                for column in 0..<columns {
                    let count = UInt32(rows * min(block, part.width - column * block))
                    func mean(_ channel: Int) -> UInt8 {
                        let sum = sums[column * channels + (channels == 1 ? 0 : channel)]
                        return UInt8(truncatingIfNeeded: (sum + count / 2) / count)
                    }
                    target[column] = PackedPixel.pack(red: mean(0), green: mean(1), blue: mean(2))
                }
                target += columns
            }
        }
    }
}
