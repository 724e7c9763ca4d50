import Foundation
import SemblanceCore
import SemblanceTraining
import Testing

@Suite struct FaceFolderTests {
    @Test func listsPeopleAndImagesInOrder() throws {
        let files = try PatternFolder(counts: [3, 1, 2], size: 4)
        try files.write(Array("hello".utf8), to: "README")
        try files.write([0, 1, 2], to: "p00/.DS_Store")
        try files.write(Array("a note".utf8), to: "p00/notes.txt")
        try files.write([], to: "empty/nothing.txt")
        let folder = try files.folder()
        #expect(folder.people.map(\.name) == ["p00", "p01", "p02"])
        #expect(folder.people.map(\.images.count) == [3, 1, 2])
        #expect(folder.people[0].images == folder.people[0].images.sorted())
        #expect(folder.imageCount == 6)
        #expect(FileManager.default.fileExists(atPath: folder.path(person: 2, image: 1)))
    }

    @Test func tellsGreyFromColour() throws {
        let files = try PatternFolder(counts: [2, 2], size: 4)
        #expect(try files.folder().isGrey())
        try files.write(Array("P6\n1 1\n255\n".utf8) + [1, 2, 3], to: "p01/00.ppm")
        try files.write(Array("P6\n1 1\n255\n".utf8) + [1, 2, 3], to: "colour/1.ppm")
        #expect(try !files.folder().isGrey())
    }

    @Test func fingerprintFollowsNames() throws {
        let files = try PatternFolder(counts: [2, 2], size: 4)
        let first = try files.folder().fingerprint
        #expect(try files.folder().fingerprint == first)
        try FileManager.default.moveItem(
            atPath: files.root + "/p00/00.pgm", toPath: files.root + "/p00/0.pgm")
        let renamed = try files.folder().fingerprint
        #expect(renamed != first)
        #expect(renamed.images == first.images)
    }

    private func message(_ root: String) -> String {
        do {
            _ = try FaceFolder(root: root)
            return ""
        } catch {
            #expect(error.code == .invalidInput)
            return error.description
        }
    }

    @Test func refusesFoldersThatCannotBeTrainedOn() throws {
        let missing = "/no/such/folder"
        #expect(message(missing).contains("\(missing): there is no such folder"))
        let empty = try PatternFolder(counts: [])
        #expect(message(empty.root).contains("no person's images"))
        #expect(message(empty.root).contains(empty.root))
        let single = try PatternFolder(counts: [5], size: 4)
        #expect(message(single.root).contains("only one person (p00)"))
        #expect(message(single.root + "/p00/00.pgm").contains("this is a file, not a folder"))
        // Images without people, and a folder one level too high.
        #expect(message(single.root + "/p00").contains("5 images lie in the folder itself"))
        let outer = try PatternFolder(counts: [])
        try outer.write([1], to: "images/anna/note.txt")
        #expect(message(outer.root).contains("\(outer.root)/images has folders in it"))
    }
}

@Suite struct ChecksumTests {
    @Test func knownValues() {
        func checksum(_ text: String) -> UInt32 {
            var checksum = Checksum()
            checksum.update(text.utf8)
            return checksum.value
        }
        #expect(checksum("") == 0)
        #expect(checksum("123456789") == 0xCBF4_3926)
        #expect(checksum("The quick brown fox jumps over the lazy dog") == 0x414F_A339)
    }

    @Test func piecesAddUp() {
        var random = RandomSource(seed: 5)
        let bytes = (0..<1000).map { _ in UInt8(truncatingIfNeeded: random.next()) }
        var whole = Checksum()
        whole.update(bytes)
        for cut in [0, 1, 7, 8, 9, 500, 1000] {
            var parts = Checksum()
            parts.update(bytes[..<cut])
            parts.update(bytes[cut...])
            #expect(parts.value == whole.value)
        }
    }
}
