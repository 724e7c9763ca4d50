import Foundation
import Semblance
import SemblanceCore
import SemblanceImaging
import Testing

/// Hash, sharpness, near-duplicates and wrong names, each against its definition in plain loops.
@Suite struct PhotoQualityTests {
    private func noise(width: Int, height: Int, _ random: inout RandomSource) -> Image {
        let pixels = (0..<width * height).map { _ in UInt8(random.uniform(0...255)) }
        return Image(unchecked: pixels, width: width, height: height, channels: 1)
    }

    /// Bright spots of several sizes, as smooth as a face.
    private func picture(_ random: inout RandomSource) -> [Double] {
        let side = 48
        var cells = [Double](repeating: 90, count: side * side)
        for _ in 0..<8 {
            let (x, y) = (Double(random.uniform(0...48)), Double(random.uniform(0...48)))
            let (size, height) = (Double(random.uniform(4...14)), Double(random.uniform(-70...70)))
            for index in cells.indices {
                let (u, v) = (Double(index % side) - x, Double(index / side) - y)
                cells[index] += height * exp(-(u * u + v * v) / (2 * size * size))
            }
        }
        return cells
    }

    private func image(_ cells: [Double], gain: Double = 1, offset: Double = 0) -> Image {
        let pixels = cells.map { UInt8(min(max($0 * gain + offset, 0), 255)) }
        return Image(unchecked: pixels, width: 48, height: 48, channels: 1)
    }

    @Test func theHashComparesNeighbours() throws {
        var random = RandomSource(seed: freshSeed("difference hash"))
        for _ in 0..<20 {
            // Of the grid's own size, so that no resizing hides a bit.
            let image = noise(width: 9, height: 8, &random)
            var expected: [Bool] = []
            for row in 0..<8 {
                for column in 0..<8 {
                    expected.append(image.pixels[row * 9 + column] < image.pixels[row * 9 + column + 1])
                }
            }
            let hash = DifferenceHash(of: image)
            let bits = (0..<64).map { hash.bits >> (63 - UInt64($0)) & 1 == 1 }
            #expect(bits == expected)
            let other = DifferenceHash(of: noise(width: 9, height: 8, &random))
            let differing = (0..<64).count { (hash.bits >> UInt64($0) ^ other.bits >> UInt64($0)) & 1 == 1 }
            #expect(hash.distance(to: other) == differing)
            let text = String(decoding: try JSONEncoder().encode([hash]), as: UTF8.self)
            #expect(text.count == 20)
            #expect(try JSONDecoder().decode([DifferenceHash].self, from: Data(text.utf8)) == [hash])
        }
    }

    @Test func sharpnessIsTheLaplaciansVariance() {
        var random = RandomSource(seed: freshSeed("sharpness"))
        let image = noise(width: 23, height: 17, &random)
        func pixel(_ x: Int, _ y: Int) -> Double { Double(image.pixels[y * 23 + x]) }
        var values: [Double] = []
        for y in 1..<16 {
            for x in 1..<22 {
                values.append(
                    pixel(x - 1, y) + pixel(x + 1, y) + pixel(x, y - 1) + pixel(x, y + 1) - 4 * pixel(x, y))
            }
        }
        let mean = values.reduce(0, +) / Double(values.count)
        let variance = values.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / Double(values.count)
        #expect(abs(image.sharpness / variance - 1) < 1e-9)
        let blurred = image.resized(width: 8, height: 6).resized(width: 23, height: 17)
        #expect(blurred.sharpness < image.sharpness / 10)
        #expect(
            Image(unchecked: [UInt8](repeating: 7, count: 25), width: 5, height: 5, channels: 1).sharpness
                == 0)
        #expect(Image(unchecked: [1, 2], width: 2, height: 1, channels: 1).sharpness == 0)
    }

    /// Correlation in double precision from the definition.
    private func correlation(_ a: Image, _ b: Image) -> Double {
        func centred(_ image: Image) -> [Double] {
            let values = image.resized(to: 16).pixels.map(Double.init)
            let mean = values.reduce(0, +) / 256
            return values.map { $0 - mean }
        }
        let (x, y) = (centred(a), centred(b))
        func dot(_ a: [Double], _ b: [Double]) -> Double { zip(a, b).reduce(0) { $0 + $1.0 * $1.1 } }
        return dot(x, y) / (dot(x, x) * dot(y, y)).squareRoot()
    }

    @Test func nearDuplicatesAreAllPairsWithinTheLimits() {
        var random = RandomSource(seed: freshSeed("near-duplicates"))
        var images: [Image] = []
        for _ in 0..<12 {
            let base = picture(&random)
            images.append(image(base))
            images.append(image(base, gain: 0.8, offset: 20))
            // Mixed with another picture more and more: some within the limits, some beyond.
            for share in [0.05, 0.1, 0.2, 0.3, 0.5] {
                images.append(image(zip(base, picture(&random)).map { $0 * (1 - share) + $1 * share }))
            }
        }
        images.shuffle(using: &random)
        let found = NearDuplicates(images.map { PicturePrint(of: $0) }).neighbours
        var (pairs, near) = (0, 0)
        for first in images.indices {
            for second in images.indices where second != first {
                let distance = DifferenceHash(of: images[first]).distance(
                    to: DifferenceHash(of: images[second]))
                let agreement = correlation(images[first], images[second])
                // At the limit itself, rounding may decide.
                guard abs(agreement - 0.97) > 1e-6 else { continue }
                #expect(found[first].contains(second) == (distance <= 8 && agreement >= 0.97))
                pairs += 1
                near += found[first].contains(second) ? 1 : 0
            }
            #expect(found[first] == found[first].sorted() && Set(found[first]).count == found[first].count)
        }
        #expect(near >= 24 && near < pairs / 4, "\(near) of \(pairs)")
    }

    @Test func manyCopiesAreFoundToo() {
        let flat = PicturePrint(
            of: Image(unchecked: [UInt8](repeating: 9, count: 400), width: 20, height: 20, channels: 1))
        let found = NearDuplicates([PicturePrint](repeating: flat, count: 200)).neighbours
        #expect(found.indices.dropFirst().allSatisfy { index in found[index].contains { $0 < index } })
    }

    @Test func wrongNamesAreJudgedByMeanCosines() throws {
        var random = RandomSource(seed: freshSeed("mislabelling"))
        // No multiple of eight, so that the rest of a vector counts too.
        let length = 37
        func unit(_ values: [Float]) -> [Float] {
            let norm = values.reduce(0) { $0 + $1 * $1 }.squareRoot()
            return values.map { $0 / norm }
        }
        let centres = (0..<9).map { _ in (0..<length).map { _ in random.uniform(-1...1) } }
        var (vectors, people): ([[Float]], [Int]) = ([], [])
        for (person, centre) in centres.enumerated() {
            for _ in 0..<[1, 2, 3, 8][person % 4] {
                vectors.append(unit(centre.map { $0 + 0.4 * random.uniform(-1...1) }))
                people.append(person)
            }
        }
        vectors[5] = []
        var duplicates = [[Int]](repeating: [], count: vectors.count)
        for (first, second) in [(0, 8), (7, 9), (5, 6)] {
            duplicates[first].append(second)
            duplicates[second].append(first)
        }
        // One of person 3's under person 7's name.
        let swapped = try #require(people.firstIndex(of: 3))
        people[swapped] = 7
        let verdicts = Mislabelling(vectors: vectors, people: people, duplicates: duplicates).verdicts

        for index in vectors.indices {
            func cosines(_ person: Int) -> [Double] {
                vectors.indices.filter {
                    people[$0] == person && $0 != index && !duplicates[index].contains($0)
                        && !vectors[$0].isEmpty
                }.map { cosine(vectors[index], vectors[$0]) }
            }
            func mean(_ values: [Double]) -> Double { values.reduce(0, +) / Double(values.count) }
            let own = cosines(people[index])
            let others = (0..<9).filter { $0 != people[index] }.map { ($0, cosines($0)) }.filter {
                $1.count >= 2
            }
            guard !vectors[index].isEmpty, !own.isEmpty else {
                #expect(verdicts[index] == nil)
                continue
            }
            let verdict = try #require(verdicts[index])
            let best = try #require(others.map { ($0, mean($1)) }.max { $0.1 < $1.1 })
            #expect(verdict.person == best.0)
            #expect(abs(Double(verdict.own) - mean(own)) < 1e-5 && abs(Double(verdict.other) - best.1) < 1e-5)
        }
        let verdict = try #require(verdicts[swapped])
        #expect(verdict.person == 3 && verdict.other - verdict.own > 0.25)
    }

    @Test func nothingIsJudgedWithoutImages() {
        #expect(Mislabelling(vectors: [], people: [], duplicates: []).verdicts.isEmpty)
        #expect(
            Mislabelling(vectors: [[], []], people: [0, 1], duplicates: [[], []]).verdicts == [nil, nil])
        #expect(NearDuplicates([]).neighbours.isEmpty)
    }
}
