import Foundation
import SemblanceCore
import SemblanceImaging
import Testing

@Suite struct FormatTests {
    @Test func namesThatPromiseAnImage() {
        for name in ["a.jpg", "A.JPEG", "x/y.b.png", "1.pgm", "s.ppm", "a.webp", "a.HEIC", "a.tiff"] {
            #expect(ImageFormat.isImageName(name), "\(name)")
        }
        for name in [
            "README", "README.md", ".DS_Store", "Thumbs.db", "notes.txt", "._a.jpg", ".png", "jpg", "a.jpg/",
            "", "a.",
            "x.png/README",
        ] {
            #expect(!ImageFormat.isImageName(name) || name == "\(name)")
        }
    }

    @Test func candidatesOfAFolder() throws {
        let folder = try ScratchFolder()
        let png = try ImageFiles.bytes("grey.png")
        let candidates = try [
            folder.file("face", png), folder.file("face.dat", png), folder.file("broken.jpg", [0]),
            folder.file("empty.png"), folder.file("pgm.001", Array("P5 1 1 255 a".utf8)),
            folder.path + "/missing.jpg",
        ]
        for path in candidates { #expect(ImageFormat.isCandidate(path: path), "\(path)") }
        let passedOver = try [
            folder.file("README", Array("P5 is a format of".utf8.dropFirst(3))),
            folder.file(".DS_Store", png),
            folder.file("Thumbs.db", [0xD0, 0xCF, 0x11, 0xE0]),
            folder.file("notes.txt", Array("BM is short".utf8)),
            folder.file("none"), folder.path, folder.path + "/missing",
        ]
        for path in passedOver { #expect(!ImageFormat.isCandidate(path: path), "\(path)") }
        // A pipe in the folder does not stop the scan.
        try #require(mkfifo(folder.path + "/pipe", 0o600) == 0)
        #expect(!ImageFormat.isCandidate(path: folder.path + "/pipe"))
    }

    @Test func conversionCommandsNameTheFiles() {
        #expect(ImageFormat.webp.conversionCommand(for: "a/in.webp") == "convert a/in.webp a/in.png")
        #expect(ImageFormat.heic.conversionCommand(for: "in.heic") == "heif-convert in.heic in.png")
        #expect(
            ImageFormat.gif.conversionCommand(for: "a.b/it's") == "convert 'a.b/it'\\''s' 'a.b/it'\\''s.png'")
    }

    @Test func pngRoundTrip() throws {
        let folder = try ScratchFolder()
        let seed = freshSeed()
        for (index, (width, height)) in [(1, 1), (7, 3), (1, 200), (300, 2), (64, 64)].enumerated() {
            for channels in [1, 3] {
                let image = randomImage(
                    width: width, height: height, channels: channels, seed: seed &+ UInt64(index))
                #expect(try ImageDecoder().decode(bytes: image.pngData(), name: "x.png") == image)
                try image.writePNG(to: folder.path + "/x.png")
                #expect(try ImageDecoder().decode(path: folder.path + "/x.png") == image)
            }
        }
        let image = randomImage(width: 2, height: 2, channels: 3, seed: seed)
        let error = #expect(throws: SemblanceError.self) { try image.writePNG(to: folder.path + "/no/x.png") }
        #expect(error?.code == .outputUnwritable)
        #expect(try folder.contents == ["x.png"])
    }
}
