import SemblanceCore
import SemblanceImaging
import Testing

@Suite struct ResizingTests {
    @Test func resizesAsPillow() throws {
        let cases = try ImageFiles.load().resized
        #expect(cases.count == 4)
        for resize in cases {
            let source = try resize.source.image
            for result in resize.results {
                let expected = try result.image
                // Pillow rounds to bytes between its two passes.
                let difference = largestDifference(
                    source.resized(width: expected.width, height: expected.height), expected)
                #expect(
                    (difference ?? .max) <= 1,
                    "\(source.width)x\(source.height) to \(expected.width)x\(expected.height): \(difference ?? -1)"
                )
            }
        }
    }

    /// Against the definition, in two dimensions at once and in double precision.
    @Test func resizesAsDefined() {
        let seed = freshSeed()
        var random = RandomSource(seed: seed)
        for round in 0..<40 {
            let sizes = (0..<4).map { _ in Int.random(in: 1...24, using: &random) }
            let channels = round % 2 == 0 ? 1 : 3
            let source = randomImage(
                width: sizes[0], height: sizes[1], channels: channels, seed: seed &+ UInt64(round))
            let result = source.resized(width: sizes[2], height: sizes[3])
            var worst = 0.0
            for y in 0..<sizes[3] {
                for x in 0..<sizes[2] {
                    for channel in 0..<channels {
                        let expected = filtered(source, x, y, channel, width: sizes[2], height: sizes[3])
                        let value = Double(result.pixels[(y * sizes[2] + x) * channels + channel])
                        worst = max(worst, abs(expected - value))
                    }
                }
            }
            #expect(worst < 0.501, "seed \(seed), round \(round), \(sizes): \(worst)")
        }
    }

    private func filtered(_ image: Image, _ x: Int, _ y: Int, _ channel: Int, width: Int, height: Int)
        -> Double
    {
        func triangle(_ output: Int, _ input: Int, _ ratio: Double) -> Double {
            max(0, 1 - abs((Double(output) + 0.5) * ratio - Double(input) - 0.5) / max(1, ratio))
        }
        var (sum, total) = (0.0, 0.0)
        for row in 0..<image.height {
            for column in 0..<image.width {
                let weight =
                    triangle(x, column, Double(image.width) / Double(width))
                    * triangle(y, row, Double(image.height) / Double(height))
                sum += weight * Double(image.pixels[(row * image.width + column) * image.channels + channel])
                total += weight
            }
        }
        return sum / total
    }

    @Test func sameSizeIsTheSameImage() {
        let image = randomImage(width: 9, height: 5, channels: 3, seed: 4)
        #expect(image.resized(width: 9, height: 5) == image)
    }
}
