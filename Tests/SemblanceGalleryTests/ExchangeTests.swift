import Foundation
import SemblanceCore
import SemblanceGallery
import SemblanceTestSupport
import Testing

@Suite struct ExchangeTests {
    private func lines(of gallery: GalleryFile) throws -> [String] {
        var lines: [String] = []
        try gallery.export { lines.append($0) }
        return lines
    }

    private func load(_ lines: [String], into path: String) throws(SemblanceError) -> Enrollment {
        var rest = lines[...]
        return try GalleryFile.importing(into: path) { rest.popFirst() }.result
    }

    @Test func anExportIsImportedWhole() throws {
        var random = seededRandom()
        try withTemporaryFolder { folder in
            let gallery = try GalleryFile(path: folder + "/a", creatingFor: someModel, dimension: 9)
            var faces = (0..<40).map {
                random.face("person \"\($0 % 6)\"\u{2028}", "/p/ü\($0).jpg", dimension: 9)
            }
            try gallery.enroll(faces)
            let text = try lines(of: gallery)
            #expect(text.count == 41 && text.allSatisfy { !$0.contains("\n") })
            #expect(try load(text, into: folder + "/b").added == 40)
            let copy = try GalleryFile(path: folder + "/b", for: .reading)
            #expect(copy.model == someModel && copy.dimension == 9)
            #expect(try copy.everything() == faces && copy.problems() == [])
            #expect(try lines(of: copy) == text)

            // Again, with one more: reported by line.
            faces.append(random.face("new", "/p/new.jpg", dimension: 9))
            try gallery.enroll([faces[40]])
            let result = try load(try lines(of: gallery) + ["", " "], into: folder + "/b")
            #expect(result.added == 1 && result.duplicates == Array(2...41))
            #expect(try copy.everything() == faces)
        }
    }

    @Test func anEmptyGalleryTravelsToo() throws {
        try withTemporaryFolder { folder in
            let gallery = try GalleryFile(path: folder + "/a", creatingFor: someModel, dimension: 3)
            #expect(try load(try lines(of: gallery), into: folder + "/b") == Enrollment())
            #expect(try GalleryFile(path: folder + "/b", for: .reading).dimension == 3)
        }
    }

    @Test func aBadLineImportsNothing() throws {
        var random = seededRandom()
        try withTemporaryFolder { folder in
            let gallery = try GalleryFile(path: folder + "/a", creatingFor: someModel, dimension: 4)
            try gallery.enroll((0..<5).map { random.face("p", "\($0).jpg", dimension: 4) })
            let text = try lines(of: gallery)
            let vector = "\"vector\":\""
            let bad = [
                "", "{}", "[]", "not JSON", String(text[3].dropLast(5)),
                text[3].replacingOccurrences(of: "\"person\":\"p\"", with: "\"person\":\"\""),
                text[3].replacingOccurrences(of: "\"face\":0", with: "\"face\":-1"),
                text[3].replacingOccurrences(of: vector, with: vector + "AAAA"),
                text[3].replacingOccurrences(of: vector, with: vector + "*"),
                text[3].replacingOccurrences(of: "\"vector\"", with: "\"victor\""),
            ]
            for (index, line) in bad.enumerated() {
                var broken = text
                broken[3] = line
                let path = folder + "/b\(index)"
                let error = failure { _ = try load(broken, into: path) }
                if index == 0 {
                    #expect(error == nil, "an empty line is no error")
                    continue
                }
                #expect(error?.code == .invalidInput && error?.message.contains("line 4") == true, "\(line)")
                #expect(try GalleryFile(path: path, for: .reading).faceCount == 0)
            }
            for first in [
                ["{}"], [text[1]], [text[0].replacingOccurrences(of: "\"version\":1", with: "\"version\":2")],
                [],
            ] {
                #expect(
                    failure { _ = try load(first + text.dropFirst(), into: folder + "/c") }?.code
                        == .invalidInput)
            }
            let other = text[0].replacingOccurrences(
                of: someModel.fingerprint, with: anotherModel.fingerprint)
            #expect(
                failure { _ = try load([other] + text.dropFirst(), into: folder + "/a") }?.code
                    == .modelMismatch)
            #expect(try lines(of: gallery) == text)
        }
    }
}
