import SemblanceCore
import SemblanceImaging
import Testing

@Suite struct DrawingTests {
    private func color(_ image: Image, _ x: Int, _ y: Int) -> [UInt8] {
        Array(image.pixels[(y * image.width + x) * 3..<(y * image.width + x) * 3 + 3])
    }

    private func count(_ image: Image, of color: Color) -> Int {
        stride(from: 0, to: image.pixels.count, by: 3).count {
            image.pixels[$0] == color.red && image.pixels[$0 + 1] == color.green
                && image.pixels[$0 + 2] == color.blue
        }
    }

    @Test func rectanglesAreClippedAndExact() {
        var image = Image(width: 10, height: 8, color: .white)
        image.fill(Rectangle(x: -3, y: 6, width: 5, height: 50), .black)
        #expect(count(image, of: .black) == 2 * 2)
        image.fill(Rectangle(x: 20, y: 2, width: 5, height: 5), .black)
        image.fill(Rectangle(x: 2, y: 2, width: 0, height: 5), .black)
        #expect(count(image, of: .black) == 4)
        var frame = Image(width: 10, height: 8, color: .white)
        frame.outline(Rectangle(x: 1, y: 1, width: 6, height: 5), .wrong)
        #expect(count(frame, of: .wrong) == 2 * 6 + 2 * 3)
        #expect(color(frame, 2, 2) == [255, 255, 255] && color(frame, 6, 5) == color(frame, 1, 1))
    }

    @Test func imagesAreClippedAndResized() {
        let small = randomImage(width: 4, height: 4, channels: 3, seed: 9)
        var image = Image(width: 6, height: 6, color: .white)
        image.draw(small, in: Rectangle(x: 4, y: -1, width: 4, height: 4))
        #expect(color(image, 4, 0) == color(small, 0, 1) && color(image, 5, 2) == color(small, 1, 3))
        #expect(color(image, 3, 0) == [255, 255, 255])
        image.draw(small.grey(), in: image.bounds)
        #expect(image == small.grey().rgb().resized(to: 6))
    }

    /// All characters are different, not empty (but for the space), and within their cells.
    @Test func everyCharacterHasItsGlyph() {
        var seen: [[UInt8]: String] = [:]
        for code in UInt8(32)...126 {
            let text = String(UnicodeScalar(code))
            var image = Image(width: 20, height: 20, color: .white)
            image.draw(text, x: 6, y: 5, .black)
            #expect((count(image, of: .black) == 0) == (code == 32), "\(text)")
            #expect(seen.updateValue(text, forKey: image.pixels) == nil, "\(text)")
            let cell = image.cropped(to: Rectangle(x: 6, y: 5, width: 5, height: 8))
            #expect(count(cell, of: .black) == count(image, of: .black), "\(text)")
        }
        var image = Image(width: 8, height: 8, color: .white)
        image.draw("é", x: 0, y: 0, .black)
        #expect(count(image, of: .black) > 0)
    }

    @Test func textScalesAndFits() {
        var one = Image(width: 40, height: 10, color: .white)
        one.draw("Ag5", x: 0, y: 0, .black)
        var two = Image(width: 80, height: 20, color: .white)
        two.draw("Ag5", x: 0, y: 0, scale: 2, .black)
        #expect(count(two, of: .black) == 4 * count(one, of: .black))
        #expect(Image.textWidth("") == 0 && Image.textWidth("ab", scale: 2) == 22)
        #expect(Image.text("abcdef", fitting: 35) == "abcdef")
        #expect(Image.text("abcdef", fitting: 34) == "abc..")
        #expect(Image.text("abcdef", fitting: 3) == "")
        // Near the edges and far beyond, nothing breaks.
        one.draw("xyz", x: -9, y: 7, scale: 3, .black)
        one.draw("xyz", x: 1000, y: -1000, .black)
    }

    @Test func contactSheetShowsEveryOutcome() {
        let face = randomImage(width: 30, height: 40, channels: 1, seed: 2)
        var sheet = ContactSheet(title: "Unseen people")
        sheet.columns = 2
        sheet.tile = 48
        #expect(sheet.render().width > 0)
        func entry(_ outcome: ContactSheet.Outcome, score: Float?) -> ContactSheet.Entry {
            .init(
                probe: face, label: "s1/2.pgm", match: score == nil ? nil : face, matchLabel: "s1",
                score: score,
                outcome: outcome)
        }
        sheet.entries = [
            entry(.right, score: 0.91), entry(.wrong, score: -0.004), entry(.neutral, score: nil),
        ]
        let image = sheet.render()
        #expect(image.width == 10 + 2 * (2 * 48 + 16 + 10))
        // A frame three pixels thick is drawn in each colour.
        for color in [Color.right, .wrong, .neutral] { #expect(count(image, of: color) > 4 * 3 * 40) }
        sheet.entries[1].outcome = .right
        #expect(count(sheet.render(), of: .wrong) == 0)
    }
}
