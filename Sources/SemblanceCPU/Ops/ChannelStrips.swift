import CVectorKernels
import SemblanceCore

/// An image, seen as [outer][unit][pixels][lanes], where unit and lane make the channel: what a batch norm goes through strip by strip. A strip's sums
/// do not depend on the number of threads.
struct ChannelStrips {
    /// Strips of the same channels.
    let outer: Int
    let units: Int
    let strip: semblance_strip

    var channels: Int { units * strip.lanes }
    /// Values of a channel.
    var count: Int { outer * strip.pixels }

    /// nil for a layout that is neither row-major, nor channels-last, nor of whole vectors of channels.
    /// - Parameter layout: of [N,C,H,W].
    init?(_ layout: MemoryDescriptor, _ shape: Shape) throws(SemblanceError) {
        let (batch, channels) = (shape.batch, shape.channels)
        let pixels = shape.dimensions.dropFirst(2).reduce(1, *)
        guard shape.rank > 2 else {
            (outer, units, strip) = (1, 1, semblance_strip(pixels: batch, lanes: channels))
            return
        }
        outer = batch
        if shape.rank == 4 {
            if try layout == .channelsLast(shape) {
                (units, strip) = (1, semblance_strip(pixels: pixels, lanes: channels))
                return
            }
            for vectors in [Vectors.avx2, .avx512] where channels % vectors.floats == 0 {
                if try layout == .blocked(shape, by: vectors) {
                    (units, strip) = (
                        channels / vectors.floats, semblance_strip(pixels: pixels, lanes: vectors.floats)
                    )
                    return
                }
            }
            guard try layout == MemoryDescriptor(shape) else { return nil }
        }
        (units, strip) = (channels, semblance_strip(pixels: pixels, lanes: 1))
    }

    /// Goes twice through every strip, with what is found out about its channels in between: as many channels at a time as a last cache may still have the
    /// second time, which comes from the other end.
    /// - Parameters:
    ///   - arrays: as large as the image, that are read.
    ///   - first, second: get where a strip begins, where its channels do, and where these do in an array [outer][channels].
    ///   - between: gets the channels.
    func twice(
        arrays: Int, threads: Int, first: (_ start: Int, _ channel: Int, _ place: Int) -> Void,
        between: (Range<Int>) -> Void, second: (_ start: Int, _ channel: Int, _ place: Int) -> Void
    ) {
        let size = strip.pixels * strip.lanes
        guard count > 0, channels > 0 else { return between(0..<channels) }
        let group = max(Self.cached / (4 * arrays * outer * size), 1)
        for start in stride(from: 0, to: units, by: group) {
            let own = start..<min(start + group, units)
            let strips = outer * own.count
            func visit(_ index: Int, _ body: (Int, Int, Int) -> Void) {
                let unit = own.lowerBound + index % own.count
                let place = index / own.count * units + unit
                body(place * size, unit * strip.lanes, place * strip.lanes)
            }
            // Neighbours in memory, so that a thread meets few pages.
            let block = (strips + threads - 1) / threads
            parallel(strips, block: block, threads: threads) { _, range in
                for index in range { visit(index, first) }
            }
            between(own.lowerBound * strip.lanes..<own.upperBound * strip.lanes)
            parallel(strips, block: block, threads: threads) { _, range in
                for index in range.reversed() { visit(index, second) }
            }
        }
    }

    /// Bytes.
    private static let cached = 16 << 20
}

extension Lowering {
    /// A value as strips: where it stands, or else row-major.
    func strips(_ value: ValueID, like other: Located? = nil) throws(SemblanceError) -> (
        Located, ChannelStrips
    ) {
        let shape = shape(value)
        let place = try image(value, like: other)
        if let strips = try ChannelStrips(place.layout, shape) { return (place, strips) }
        let row = try source(value, as: MemoryDescriptor(shape))
        guard let strips = try ChannelStrips(row.layout, shape) else {
            throw SemblanceError(.internalFault, "a row-major image is none")
        }
        return (row, strips)
    }

    /// Appends a task on strips with work memory: two arrays by strip and channel, three by channel.
    func strips(
        _ name: String, _ strips: ChannelStrips, _ places: [Located],
        body:
            @escaping (
                _ memory: [UnsafeMutablePointer<Float>], _ work: UnsafeMutablePointer<Float>, _ threads: Int
            ) -> Void
    ) {
        let threads = threads, floats = (2 * strips.outer + 3) * strips.channels
        append(
            Task(name: name, uses: places, scratch: floats * 4) { (resolve, scratch) throws(SemblanceError) in
                guard let scratch else {
                    throw SemblanceError(.internalFault, "\(name): no memory for its sums")
                }
                let memory = places.map(resolve), work = scratch.assumingMemoryBound(to: Float.self)
                return { () throws(SemblanceError) in body(memory, work, threads) }
            })
    }
}
