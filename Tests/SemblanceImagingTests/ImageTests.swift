import SemblanceCore
import SemblanceImaging
import Testing

@Suite struct ImageTests {
    @Test func sizesAreChecked() {
        for (width, height, channels, count) in [
            (0, 1, 1, 0), (1, 1, 2, 2), (2, 2, 1, 3), (-1, -1, 1, 1), (.max, 4, 3, 12), (1, 1, 4, 4),
        ] {
            let error = #expect(throws: SemblanceError.self) {
                try Image(
                    width: width, height: height, channels: channels,
                    pixels: [UInt8](repeating: 0, count: count))
            }
            #expect(error?.code == .usage)
        }
    }

    @Test func greyIsTheLumaOfBT601() throws {
        let image = randomImage(width: 31, height: 17, channels: 3, seed: freshSeed())
        let grey = image.grey()
        #expect((grey.width, grey.height, grey.channels) == (31, 17, 1))
        for index in 0..<31 * 17 {
            let color = image.pixels[3 * index..<3 * index + 3].map(Double.init)
            let luma = 0.299 * color[0] + 0.587 * color[1] + 0.114 * color[2]
            #expect(abs(Double(grey.pixels[index]) - luma) < 0.51)
        }
        // Grey survives the way to RGB and back.
        #expect(grey.rgb().grey() == grey && grey.rgb().channels == 3)
        #expect(image.converted(toChannels: 3) == image && image.converted(toChannels: 1) == grey)
    }

    @Test func cropsInsideAndBeyondTheEdges() throws {
        let seed = freshSeed()
        var random = RandomSource(seed: seed)
        for round in 0..<60 {
            let channels = round % 2 == 0 ? 1 : 3
            let image = randomImage(width: 7, height: 5, channels: channels, seed: seed &+ UInt64(round))
            let (x, y) = (Int.random(in: -9...9, using: &random), Int.random(in: -9...9, using: &random))
            let (width, height) = (
                Int.random(in: 1...12, using: &random), Int.random(in: 1...12, using: &random)
            )
            for padding in [nil, UInt8(77)] {
                let crop = image.cropped(
                    to: Rectangle(x: x, y: y, width: width, height: height), padding: padding)
                var expected: [UInt8] = []
                for row in y..<y + height {
                    for column in x..<x + width {
                        let inside = (0..<7).contains(column) && (0..<5).contains(row)
                        let place = min(max(row, 0), 4) * 7 + min(max(column, 0), 6)
                        for channel in 0..<channels {
                            expected.append(
                                padding != nil && !inside ? 77 : image.pixels[place * channels + channel])
                        }
                    }
                }
                #expect(crop.pixels == expected, "seed \(seed), round \(round)")
            }
        }
        #expect(randomImage(width: 9, height: 4, channels: 1, seed: 1).middle(1).width == 4)
    }

    @Test func flipMirrorsRows() throws {
        let image = try Image(width: 3, height: 2, channels: 1, pixels: [1, 2, 3, 4, 5, 6])
        #expect(image.flipped().pixels == [3, 2, 1, 6, 5, 4])
        let color = try Image(width: 2, height: 1, channels: 3, pixels: [1, 2, 3, 4, 5, 6])
        #expect(color.flipped().pixels == [4, 5, 6, 1, 2, 3])
    }

    /// Eight orientations of one letter, written down by hand.
    @Test func orientations() throws {
        let stored = try Image(width: 3, height: 2, channels: 1, pixels: [1, 2, 3, 4, 5, 6])
        let expected: [Orientation: [UInt8]] = [
            .upright: [1, 2, 3, 4, 5, 6], .flippedHorizontally: [3, 2, 1, 6, 5, 4],
            .rotated180: [6, 5, 4, 3, 2, 1],
            .flippedVertically: [4, 5, 6, 1, 2, 3], .transposed: [1, 4, 2, 5, 3, 6],
            .rotatedClockwise: [4, 1, 5, 2, 6, 3], .antiTransposed: [6, 3, 5, 2, 4, 1],
            .rotatedCounterclockwise: [3, 6, 2, 5, 1, 4],
        ]
        for orientation in Orientation.allCases {
            let image = stored.oriented(orientation)
            #expect(image.pixels == expected[orientation], "\(orientation)")
            #expect(image.width == (orientation.rawValue < 5 ? 3 : 2))
        }
    }
}
