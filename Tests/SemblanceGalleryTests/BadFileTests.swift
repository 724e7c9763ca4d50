import Foundation
import SemblanceCore
import SemblanceGallery
import SemblanceTestSupport
import Testing

@Suite struct BadFileTests {
    /// A gallery of a few hundred faces, closed again.
    private func make(_ path: String, faces: Int = 300) throws {
        var random = seededRandom()
        try GalleryFile(path: path, creatingFor: someModel, dimension: 128).enroll(
            (0..<faces).map { random.face("p\($0 % 20)", "/p/\($0).jpg", dimension: 128) })
    }

    private func openings(_ path: String) -> [SemblanceError?] {
        [
            failure { _ = try GalleryFile(path: path, for: .reading) },
            failure { _ = try GalleryFile(path: path) },
            failure { _ = try GalleryFile(path: path, creatingFor: someModel, dimension: 128) },
        ]
    }

    @Test func whatIsNoGalleryIsSaidToBeNone() throws {
        try withTemporaryFolder { folder in
            let text = folder + "/text"
            try Data(
                "This is not a database, but it is long enough to look like one. ".utf8
                    + [UInt8](repeating: 65, count: 9000)
            )
            .write(to: URL(filePath: text))
            for error in openings(text) {
                #expect(error?.code == .invalidInput && error?.message.contains("not an SQLite file") == true)
            }
            for path in [folder, "", "a\0b"] {
                for error in openings(path) { #expect(error != nil && error?.code != .internalFault) }
            }
            let missing = openings(folder + "/missing")
            for error in missing.dropLast() {
                #expect(
                    error?.message.contains("/missing") == true
                        && error?.message.contains("No such file") == true)
            }
            #expect(missing[2] == nil)
            #expect(
                openings(folder + "/no/folder").allSatisfy { $0?.message.contains("No such file") == true })
            // Nobody has enrolled: an empty file is one to be filled.
            let empty = folder + "/empty"
            try Data().write(to: URL(filePath: empty))
            #expect(openings(empty).map { $0?.code } == [.invalidInput, .invalidInput, nil])
        }
    }

    @Test func otherVersionsAndOwnersAreNamed() throws {
        try withTemporaryFolder { folder in
            let path = folder + "/g"
            // Offsets in the header of an SQLite file: the user's version, the application.
            for (offset, value, word) in [(60, UInt8(9), "format version"), (68, 1, "another program's")] {
                try make(path)
                var data = try Data(contentsOf: URL(filePath: path))
                data.replaceSubrange(offset..<offset + 4, with: [0, 0, 0, value])
                try data.write(to: URL(filePath: path))
                for error in openings(path) {
                    #expect(error?.code == .invalidInput && error?.message.contains(word) == true)
                }
                if word == "format version" {
                    #expect(openings(path)[0]?.remedy?.contains("newer") == true)
                    #expect(openings(path)[0]?.message.contains("version 9") == true)
                }
                try FileManager.default.removeItem(atPath: path)
            }
        }
    }

    @Test func aFileCutShortIsRefused() throws {
        try withTemporaryFolder { folder in
            try make(folder + "/whole")
            let whole = try Data(contentsOf: URL(filePath: folder + "/whole"))
            let path = folder + "/cut"
            for length in [
                1, 15, 16, 99, 100, 512, 4096, 65535, 65536, 65537, whole.count / 2, whole.count - 65536,
                whole.count - 1,
            ] {
                try whole.prefix(length).write(to: URL(filePath: path))
                for error in openings(path) {
                    #expect(
                        error?.code == .invalidInput && error?.message.contains(path) == true,
                        "\(length) bytes")
                    #expect(error?.remedy != nil)
                }
                #expect(try Data(contentsOf: URL(filePath: path)) == whole.prefix(length))
            }
        }
    }

    /// Random damage is found by the check, or by what meets it, and nothing crashes.
    @Test func damageIsFoundOrHarmless() throws {
        var random = seededRandom()
        try withTemporaryFolder { folder in
            try make(folder + "/whole", faces: 2000)
            let whole = try Data(contentsOf: URL(filePath: folder + "/whole"))
            let path = folder + "/damaged"
            var found = 0
            for _ in 0..<60 {
                var data = whole
                let start = Int.random(in: 0..<data.count - 600, using: &random)
                for place in start..<start + Int.random(in: 1...600, using: &random) {
                    data[place] = UInt8.random(in: .min ... .max, using: &random)
                }
                try data.write(to: URL(filePath: path))
                do {
                    let gallery = try GalleryFile(path: path)
                    if try !gallery.problems().isEmpty { found += 1 }
                    try gallery.readTiles(of: 64) { _ in }
                    _ = try gallery.statistics()
                    for person in try gallery.people() { _ = try? gallery.entries(of: person.name) }
                    try gallery.enroll([random.face("new", "new.jpg", dimension: gallery.dimension)])
                    try gallery.remove(person: "p1")
                } catch let error as SemblanceError {
                    #expect(error.code == .invalidInput || error.code == .outputUnwritable, "\(error)")
                    found += 1
                }
                try? FileManager.default.removeItem(atPath: path + "-journal")
            }
            print("damage found in \(found) of 60 files")
            #expect(found > 20)
        }
    }

    @Test func aLockHeldForLongIsReported() throws {
        var random = seededRandom()
        try withTemporaryFolder { folder in
            let path = folder + "/g"
            try make(path)
            let other = try GalleryFile(path: path, patience: 0.2)
            let face = random.face("new", "new.jpg", dimension: 128)
            let before = try other.faceCount
            var lines: [String] = []
            // A reader keeps a writer from finishing.
            var error: SemblanceError?
            try GalleryFile(path: path, for: .reading).export { line in
                lines.append(line)
                if lines.count == 3 { error = failure { try other.enroll([face]) } }
            }
            #expect(error?.code == .outputUnwritable && error?.message.contains("another process") == true)
            #expect(try other.faceCount == before)
            // A writer keeps another from starting, and a reader sees what was there before.
            error = nil
            var seen: Int?
            var rest = lines[...]
            _ = try GalleryFile.importing(into: path) { () throws(SemblanceError) in
                if rest.count == 3 {
                    error = failure { try other.enroll([face]) }
                    seen = try other.faceCount
                }
                return rest.popFirst()
            }
            #expect(error?.code == .outputUnwritable && error?.message.contains("another process") == true)
            #expect(seen == before)
            #expect(try other.enroll([face]).added == 1)
        }
    }
}
