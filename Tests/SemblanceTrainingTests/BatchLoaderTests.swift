import Foundation
import SemblanceCore
import SemblanceImaging
import SemblanceTraining
import Testing

@Suite struct BatchLoaderTests {
    private static let format = InputFormat(height: 12, width: 10, colours: .rgb)

    /// An image that is unlike any other.
    private static func image(_ path: String) -> Image {
        var checksum = Checksum()
        checksum.update(path.utf8)
        var random = RandomSource(seed: UInt64(checksum.value))
        return Image(
            unchecked: (0..<13 * 11 * 3).map { _ in UInt8(truncatingIfNeeded: random.next()) }, width: 11,
            height: 13,
            channels: 3)
    }

    private static let paths = [4, 9, 1, 6].enumerated().map { person, count in
        (0..<count).map { "\(person)/\($0)" }
    }

    private static func configuration(threads: Int, firstStep: Int = 0, strict: Bool = false)
        -> BatchLoader.Configuration
    {
        BatchLoader.Configuration(
            format: format, augmentation: Augmentation(), batch: 6, epochs: 3, firstStep: firstStep, seed: 11,
            threads: threads, cacheBytes: 5 * 429, isStrict: strict)
    }

    private struct Contents: Equatable {
        var images: [Float]
        var labels: [Float]
    }

    private func next(_ loader: BatchLoader) throws -> Contents? {
        try loader.next { (batch) throws(SemblanceError) in
            Contents(images: Array(batch.images), labels: Array(batch.labels))
        }
    }

    private func everything(_ loader: BatchLoader) throws -> [Contents] {
        defer { loader.stop() }
        var contents: [Contents] = []
        while let batch = try next(loader) { contents.append(batch) }
        return contents
    }

    private func loader(
        threads: Int, firstStep: Int = 0, strict: Bool = false, bad: Set<String> = []
    ) -> BatchLoader {
        BatchLoader(
            paths: Self.paths,
            configuration: Self.configuration(threads: threads, firstStep: firstStep, strict: strict)
        ) { (path, _, _) throws(SemblanceError) in
            // Threads overtake each other.
            if path.hasSuffix("3") { usleep(2000) }
            if bad.contains(path) { throw SemblanceError(.invalidInput, "\(path) is damaged") }
            return Self.image(path)
        }
    }

    @Test func threadsChangeNothing() throws {
        let one = try everything(loader(threads: 1))
        #expect(one.count == 3 * 4)
        for threads in [2, 3, 8] {
            let several = try everything(loader(threads: threads))
            #expect(several == one)
        }
        // Augmented anew in each epoch, and nothing beyond the format's range.
        #expect(Set(one.map(\.images)).count == one.count)
        #expect(one.allSatisfy { $0.images.allSatisfy { abs($0) <= 1.001 } })
    }

    @Test func resumesInTheMiddle() throws {
        let whole = try everything(loader(threads: 2))
        for step in [1, 4, 7, 11] {
            let rest = try everything(loader(threads: 3, firstStep: step))
            #expect(rest == Array(whole.dropFirst(step)))
        }
    }

    @Test func replacesAndCountsBadImages() throws {
        // A person of one image among them: somebody else stands in, under their own label.
        let bad: Set = ["1/2", "1/3", "2/0"]
        let one = loader(threads: 1, bad: bad)
        let contents = try everything(one)
        #expect(one.takeSkipped().map(\.path) == bad.sorted())
        #expect(one.takeSkipped().isEmpty)
        #expect(!contents.contains { $0.labels.contains(2) })
        let several = try everything(loader(threads: 4, bad: bad))
        #expect(several == contents)
    }

    @Test func strictFailsWithTheImagesName() throws {
        let strict = loader(threads: 3, strict: true, bad: ["3/5"])
        let error = #expect(throws: SemblanceError.self) { try everything(strict) }
        #expect(error?.message.contains("3/5 is damaged") == true)
    }

    @Test func failsWhereNothingCanBeRead() throws {
        let hopeless = loader(threads: 2, bad: Set(Self.paths.flatMap { $0 }))
        let error = #expect(throws: SemblanceError.self) { try everything(hopeless) }
        #expect(error?.message.contains("none of the training images can be read") == true)
    }

    @Test func stopsWhileNobodyReads() throws {
        let loader = loader(threads: 3)
        #expect(try next(loader) != nil)
        loader.stop()
        // After a stop there is at most what was ready before.
        var count = 0
        while try next(loader) != nil { count += 1 }
        #expect(count <= 3)
    }

    @Test func withoutAugmentationAnImageIsItself() throws {
        var configuration = Self.configuration(threads: 1)
        configuration.augmentation = .none
        configuration.batch = 20
        let loader = BatchLoader(paths: [["a"], ["b"]], configuration: configuration) {
            (path, format, margin) throws(SemblanceError) in
            Self.image(path).face(for: format, margin: margin)
        }
        defer { loader.stop() }
        let batch = try #require(try next(loader))
        for (row, label) in batch.labels.enumerated() {
            let (face, format) = (Self.image(label == 0 ? "a" : "b").face(for: Self.format), Self.format)
            let expected = (0..<format.count).map { index in
                let (channel, pixel) = index.quotientAndRemainder(dividingBy: face.width * face.height)
                return (Float(face.pixels[pixel * face.channels + channel]) - format.mean) * format.scale
            }
            let found = batch.images[row * Self.format.count..<(row + 1) * Self.format.count]
            #expect(zip(found, expected).allSatisfy { abs($0 - $1) < 1e-5 })
        }
    }
}
