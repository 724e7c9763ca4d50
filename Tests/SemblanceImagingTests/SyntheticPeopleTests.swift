import SemblanceCore
import SemblanceImaging
import Testing

@Suite struct SyntheticPeopleTests {
    @Test func theSameNumbersGiveTheSamePixels() {
        let image = SyntheticPeople(seed: 3).render(person: 4, photo: 5, size: 40)
        #expect(SyntheticPeople(seed: 3).render(person: 4, photo: 5, size: 40) == image)
        #expect(SyntheticPeople(seed: 3).render(person: 4, photo: 6, size: 40) != image)
        #expect(SyntheticPeople(seed: 3).render(person: 5, photo: 5, size: 40) != image)
        #expect(SyntheticPeople(seed: 4).render(person: 4, photo: 5, size: 40) != image)
        for size in [1, 2, 7, 250] {
            let image = SyntheticPeople(seed: 1).render(person: -1, photo: .max, size: size)
            #expect((image.width, image.height, image.channels) == (size, size, 3))
        }
    }

    /// The problem is neither trivial nor hopeless for plain pixels: three times 30 people with one enrolled photo each and four
    /// probes a person.
    @Test func pixelsAreAnImperfectRecogniser() {
        let rates = (20..<23).map { rankOneOfPixels(SyntheticPeople(seed: $0), persons: 30, probes: 4) }
        print("rank-1 of raw pixels: \(rates)")
        #expect((0.4...0.75).contains(rates.reduce(0, +) / 3))
    }

    private func rankOneOfPixels(_ people: SyntheticPeople, persons: Int, probes: Int) -> Double {
        func template(_ person: Int, _ photo: Int) -> [Float] {
            let image = people.render(person: person, photo: photo, size: 64).grey().resized(to: 32)
            let pixels = image.pixels.map(Float.init)
            let mean = pixels.reduce(0, +) / Float(pixels.count)
            let centered = pixels.map { $0 - mean }
            let norm = centered.reduce(0) { $0 + $1 * $1 }.squareRoot()
            return centered.map { $0 / norm }
        }
        let gallery = (0..<persons).map { template($0, 0) }
        var right = 0
        for person in 0..<persons {
            for photo in 1...probes {
                let probe = template(person, photo)
                let scores = gallery.map { zip($0, probe).reduce(Float(0)) { $0 + $1.0 * $1.1 } }
                if scores.indices.max(by: { scores[$0] < scores[$1] }) == person { right += 1 }
            }
        }
        return Double(right) / Double(persons * probes)
    }

    /// Photos show something: pixels vary, and few are black or white.
    @Test func photosAreWellExposed() {
        let people = SyntheticPeople(seed: freshSeed())
        for person in 0..<40 {
            let pixels = people.render(person: person, photo: person, size: 56).pixels
            let clipped = pixels.count { $0 == 0 || $0 == 255 }
            #expect(Double(clipped) < 0.45 * Double(pixels.count), "person \(person)")
            #expect(Set(pixels).count > 60, "person \(person)")
        }
    }
}
