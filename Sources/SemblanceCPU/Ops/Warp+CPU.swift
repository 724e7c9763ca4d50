import SemblanceCore

extension InputFormat {
    func lowerWarp(_ step: Step, _ lowering: Lowering) throws(SemblanceError) {
        let pictures = try lowering.plain(step.inputs[0]), views = try lowering.plain(step.inputs[1])
        let capacity = lowering.shape(step.inputs[0])[1]
        let count = lowering.shape(step.inputs[1])[0] * height
        try lowering.definePlain(step.outputs[0]) { target in
            lowering.host("warp", [pictures, views, target]) { memory, threads in
                parallel(count, block: 8, threads: threads) { _, lines in
                    for line in lines {
                        let (image, row) = (line / height, line % height)
                        let view = memory[1] + image * PictureView.count
                        writeRow(
                            row, of: View(view, in: memory[0] + Int(view[0]) * capacity),
                            to: memory[2] + image * self.count + row * width)
                    }
                }
            }
        }
    }

    /// A row of `views`, ready to be looked through.
    private struct View {
        let pixels: UnsafePointer<Float>
        let width: Int
        let height: Int
        let a, b, c, d, e, f: Float

        init(_ values: UnsafePointer<Float>, in pixels: UnsafePointer<Float>) {
            self.pixels = pixels
            (width, height) = (Int(values[1]), Int(values[2]))
            (a, b, c) = (values[3], values[4], values[5])
            (d, e, f) = (values[6], values[7], values[8])
        }

        /// Whether pixels lie on pixels.
        var isTranslation: Bool {
            a == 1 && b == 0 && d == 0 && e == 1 && c.rounded() == c && f.rounded() == f
        }

        @inline(__always)
        func pixel(_ x: Int, _ y: Int) -> UInt32 {
            x >= 0 && x < width && y >= 0 && y < height ? UInt32(pixels[y * width + x]) : 0
        }
    }

    /// `target` is the row's first plane; the others are whole planes further on.
    private func writeRow(_ row: Int, of view: View, to target: UnsafeMutablePointer<Float>) {
        if view.isTranslation {
            // Where the picture ends, on this row of the output.
            let y = row + Int(view.f), shift = Int(view.c)
            let isInside = y >= 0 && y < view.height
            let first = isInside ? min(max(-shift, 0), width) : width
            let end = isInside ? max(min(view.width - shift, width), first) : width
            for column in 0..<first { store(SIMD3(repeating: 0), column, target) }
            if first < end { copy(view.pixels + y * view.width + shift, first..<end, target) }
            for column in end..<width { store(SIMD3(repeating: 0), column, target) }
            return
        }
        let line = Float(row)
        for column in 0..<width {
            let x = view.a * Float(column) + (view.b * line + view.c)
            let y = view.d * Float(column) + (view.e * line + view.f)
            // Nothing of the picture is near, or the coordinate is no number.
            guard x > -1, x < Float(view.width), y > -1, y < Float(view.height) else {
                store(SIMD3(repeating: 0), column, target)
                continue
            }
            let (left, top) = (x.rounded(.down), y.rounded(.down))
            let (right, bottom) = (x - left, y - top)
            let (j, i) = (Int(left), Int(top))
            let taps = SIMD4<UInt32>(
                view.pixel(j, i), view.pixel(j + 1, i), view.pixel(j, i + 1), view.pixel(j + 1, i + 1))
            let weights =
                SIMD4<Float>(1 - right, right, 1 - right, right)
                * SIMD4<Float>(1 - bottom, 1 - bottom, bottom, bottom)
            func mean(_ shift: UInt32) -> Float {
                (SIMD4<Float>((taps &>> shift) & 255) * weights).sum()
            }
            store(SIMD3(mean(0), mean(8), mean(16)), column, target)
        }
    }

    /// Pixels that lie on pixels: many at a time.
    private func copy(
        _ pixels: UnsafePointer<Float>, _ columns: Range<Int>, _ target: UnsafeMutablePointer<Float>
    ) {
        guard colours != .grey else {
            for column in columns {
                let pixel = UInt32(pixels[column])
                store(SIMD3(Float(pixel & 255), Float(pixel >> 8 & 255), Float(pixel >> 16)), column, target)
            }
            return
        }
        let plane = height * width
        let (first, last): (Int, Int) = colours == .rgb ? (0, 2) : (2, 0)
        var column = columns.lowerBound
        while column + 8 <= columns.upperBound {
            let packed = PackedPixels(pixels + column)
            for (channel, shift) in [(first, 0), (1, 8), (last, 16)] as [(Int, UInt32)] {
                let values = (packed.channel(shift) - mean) * scale
                UnsafeMutableRawPointer(target + channel * plane + column).storeBytes(
                    of: values, as: SIMD8<Float>.self)
            }
            column += 8
        }
        for column in column..<columns.upperBound {
            let pixel = UInt32(pixels[column])
            store(SIMD3(Float(pixel & 255), Float(pixel >> 8 & 255), Float(pixel >> 16)), column, target)
        }
    }

    @inline(__always)
    private func store(_ colour: SIMD3<Float>, _ column: Int, _ target: UnsafeMutablePointer<Float>) {
        let plane = height * width
        switch colours {
        case .grey:
            let luma = 0.299 * colour.x + 0.587 * colour.y + 0.114 * colour.z
            target[column] = (luma - mean) * scale
        case .rgb, .bgr:
            let (first, last) = colours == .rgb ? (colour.x, colour.z) : (colour.z, colour.x)
            target[column] = (first - mean) * scale
            target[plane + column] = (colour.y - mean) * scale
            target[2 * plane + column] = (last - mean) * scale
        }
    }
}

/// Eight pixels. Numbers are made from their bits and back: Swift's conversion of a vector checks each number by itself, and takes most of
/// the time that a detector's input takes.
private struct PackedPixels {
    private let numbers: SIMD8<UInt32>

    /// - Parameter pixels: whole numbers from 0 to 2^24 - 1.
    @inline(__always)
    init(_ pixels: UnsafePointer<Float>) {
        let bits = UnsafeRawPointer(pixels).loadUnaligned(as: SIMD8<UInt32>.self)
        // The 24 bits of the fraction start at the place that the exponent tells.
        let fraction = (bits & 0x7F_FFFF) | 0x80_0000
        numbers = (fraction &>> (150 &- (bits &>> 23))).replacing(with: 0, where: bits .== 0)
    }

    /// The byte `shift` bits up.
    @inline(__always)
    func channel(_ shift: UInt32) -> SIMD8<Float> {
        // Below the exponent of 2^23 a whole number is its own fraction.
        unsafeBitCast(((numbers &>> shift) & 255) | 0x4B00_0000, to: SIMD8<Float>.self) - 8_388_608
    }
}
