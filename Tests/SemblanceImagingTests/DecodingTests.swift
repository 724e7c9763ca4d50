import SemblanceCore
import SemblanceImaging
import Testing

@Suite struct DecodingTests {
    let decoder = ImageDecoder()

    @Test func filesDecodeAsPillowDecodesThem() throws {
        let files = try ImageFiles.load()
        #expect(files.decoded.count >= 25)
        for (name, expected) in files.decoded.sorted(by: { $0.key < $1.key }) {
            let image = try decoder.decode(path: ImageFiles.path(name))
            let difference = try largestDifference(image, expected.image)
            // JPEG decoders may differ in the last bit; colour conversion of CMYK multiplies that.
            let tolerance = name.hasSuffix(".png") ? (name.contains("alpha") ? 1 : 0) : 2
            #expect(
                (difference ?? .max) <= tolerance,
                "\(name): differs by \(difference.map(String.init) ?? "its size")")
        }
    }

    @Test func plainAndBinaryPNM() throws {
        func decode(_ text: String, _ data: [UInt8] = []) throws -> Image {
            try decoder.decode(bytes: Array(text.utf8) + data, name: "x.pnm")
        }
        func image(_ width: Int, _ height: Int, _ channels: Int, _ pixels: [UInt8]) throws -> Image {
            try Image(width: width, height: height, channels: channels, pixels: pixels)
        }
        #expect(try decode("P5\n2 1\n255\n", [7, 10]) == image(2, 1, 1, [7, 10]))
        #expect(try decode("P6 1 1 255 ", [1, 2, 3]) == image(1, 1, 3, [1, 2, 3]))
        #expect(try decode("P5#a\n#b\n2#c\n 2\n255\n", [1, 2, 3, 4, 99]) == image(2, 2, 1, [1, 2, 3, 4]))
        #expect(try decode("P5 2 1 15 ", [0, 15]) == image(2, 1, 1, [0, 255]))
        #expect(try decode("P5 3 1 65535 ", [0, 0, 0x80, 0, 255, 255]) == image(3, 1, 1, [0, 128, 255]))
        #expect(try decode("P2 2 2 100\n0 50 # half\n100 1\n") == image(2, 2, 1, [0, 128, 255, 3]))
        #expect(try decode("P3 1 2 255 1 2 3 4 5 6") == image(1, 2, 3, [1, 2, 3, 4, 5, 6]))
        for bad in [
            "P5 2 1 255 a", "P5 2 1 0 aa", "P5 2 1 65536 aaaa", "P5 0 1 255 ", "P5 2 x 255 aa", "P5 2 1 7 ab",
            "P2 2 1 255 1", "P2 2 1 255 1 256", "P2 2 1 255 1 -4", "P5 99999999999999999999 1 255 a",
            "P2 2 1 255 1 x22", "P5 ",
        ] {
            let error = #expect(throws: SemblanceError.self, "\(bad)") { try decode(bad) }
            #expect(error?.code == .invalidInput && error?.message.contains("x.pnm") == true, "\(bad)")
        }
    }

    @Test func bombsAreRefusedByTheirHeader() throws {
        // 60000 x 60000 in a file of a few bytes each.
        var png = try ImageFiles.bytes("rgb.png")
        png.replaceSubrange(16..<24, with: [0, 0, 0xEA, 0x60, 0, 0, 0xEA, 0x60])
        var jpeg = try ImageFiles.bytes("grey.jpg")
        let frame = try #require(
            jpeg.indices.dropLast().first { jpeg[$0] == 0xFF && jpeg[$0 + 1] == 0xC0 })
        jpeg.replaceSubrange(frame + 5..<frame + 9, with: [0xEA, 0x60, 0xEA, 0x60])
        for (name, bytes) in [
            ("a.png", png), ("a.jpg", jpeg), ("a.pgm", Array("P5 60000 60000 255 ".utf8)),
            ("b.pgm", Array("P2 60000 60000 255 1".utf8)),
        ] {
            let error = #expect(throws: SemblanceError.self) { try decoder.decode(bytes: bytes, name: name) }
            #expect(error?.code == .invalidInput)
            #expect(
                error?.message == "\(name) claims 60000x60000 pixels, more than the limit of 100000000")
        }
        let small = ImageDecoder(pixelLimit: 41)
        #expect(throws: SemblanceError.self) { try small.decode(path: ImageFiles.path("rgb.png")) }
        #expect(throws: Never.self) {
            try ImageDecoder(pixelLimit: 42).decode(path: ImageFiles.path("rgb.png"))
        }
    }

    @Test func errorsNameTheFileAndTheReason() throws {
        let scratch = try ScratchFolder()
        let text = Array("Call me Ishmael. Some years ago...".utf8)
        let webp = Array("RIFF\u{4}\0\0\0WEBPVP8 ".utf8)
        let heic = [0, 0, 0, 24] + Array("ftypheic\0\0\0\0mif1".utf8)
        let cases: [(String, [UInt8], SemblanceError.Code, String)] = [
            ("empty.jpg", [], .invalidInput, "is empty"),
            ("text.jpg", text, .invalidInput, "is not an image"),
            (
                "a b.jpg", webp, .unsupportedFormat,
                "convert '\(scratch.path)/a b.jpg' '\(scratch.path)/a b.png'"
            ),
            ("x.heic", heic, .unsupportedFormat, "heif-convert \(scratch.path)/x.heic \(scratch.path)/x.png"),
            (
                "x.bmp", [0x42, 0x4D] + [UInt8](repeating: 0, count: 12) + [40, 0, 0, 0], .unsupportedFormat,
                "BMP"
            ),
            ("x.gif", Array("GIF89a".utf8), .unsupportedFormat, "GIF"),
            ("x.tif", [0x49, 0x49, 42, 0], .unsupportedFormat, "TIFF"),
        ]
        for (name, bytes, code, part) in cases {
            let path = try scratch.file(name, bytes)
            let error = #expect(throws: SemblanceError.self, "\(name)") { try decoder.decode(path: path) }
            #expect(error?.code == code, "\(name)")
            #expect(error?.message.contains(path) == true && "\(error!)".contains(part), "\(error!)")
        }
        for path in [scratch.path + "/missing.png", scratch.path, scratch.path + "/x.gif/y.png"] {
            let error = #expect(throws: SemblanceError.self) { try decoder.decode(path: path) }
            #expect(error?.code == .invalidInput && error?.message.contains(path) == true)
        }
    }

    /// Every shorter version of a file is an error, and never a crash or half a picture.
    @Test func truncatedFilesAreErrors() throws {
        for name in try ImageFiles.load().decoded.keys.sorted() {
            let bytes = try ImageFiles.bytes(name)
            for length in 0..<bytes.count {
                let error = #expect(throws: SemblanceError.self, "\(name) cut to \(length)") {
                    try decoder.decode(bytes: Array(bytes.prefix(length)), name: name)
                }
                guard let error else { return }
                #expect(error.code == .invalidInput && error.message.contains(name))
            }
        }
    }

    /// Damaged files decode to something or throw; whatever happens, the sizes are consistent.
    @Test func mutatedFilesNeverCrash() throws {
        let seed = freshSeed()
        var random = RandomSource(seed: seed)
        let small = ImageDecoder(pixelLimit: 1_000_000)
        var names = try ImageFiles.load().decoded.keys.sorted()
        names.append("plain")
        for name in names {
            let original =
                name == "plain"
                ? Array("P3 # c\n3 2 70\n1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 ".utf8)
                : try ImageFiles.bytes(name)
            for _ in 0..<300 {
                var bytes = original
                for _ in 0...Int.random(in: 0..<4, using: &random) {
                    bytes[Int.random(in: 0..<bytes.count, using: &random)] = UInt8.random(
                        in: 0...255, using: &random)
                }
                if Bool.random(using: &random) {
                    bytes.removeLast(Int.random(in: 0..<bytes.count, using: &random))
                }
                do {
                    let image = try small.decode(bytes: bytes, name: name)
                    #expect(image.pixels.count == image.width * image.height * image.channels)
                } catch {
                    #expect(error.message.contains(name))
                }
            }
        }
    }

    @Test func damagedEXIFIsNoError() throws {
        let original = try ImageFiles.bytes("orientation-6.jpg")
        let upright = try decoder.decode(path: ImageFiles.path("orientation-1.jpg"))
        let start = try #require(original.indices.first { original[$0...].starts(with: "Exif\0\0".utf8) }) + 6
        let seed = freshSeed()
        var random = RandomSource(seed: seed)
        for round in 0..<200 {
            var bytes = original
            for index in start..<start + 26 where round == 0 || Int.random(in: 0..<4, using: &random) == 0 {
                bytes[index] = round == 0 ? 0xFF : UInt8.random(in: 0...255, using: &random)
            }
            let image = try decoder.decode(bytes: bytes, name: "damaged.jpg")
            #expect(image.pixels.count == upright.pixels.count)
            if round == 0 { #expect(image == upright) }
        }
    }

    /// A warning about stray bytes comes first and must not hide the missing end.
    @Test func strayBytesDoNotHideTruncation() throws {
        var bytes = try ImageFiles.bytes("rgb.jpg")
        let table = try #require(
            bytes.indices.dropLast().first { bytes[$0] == 0xFF && bytes[$0 + 1] == 0xDB })
        bytes.insert(contentsOf: [1, 2, 3], at: table)
        let image = try decoder.decode(bytes: bytes, name: "stray.jpg")
        #expect(try image == decoder.decode(path: ImageFiles.path("rgb.jpg")))
        #expect(throws: SemblanceError.self) {
            try decoder.decode(bytes: bytes.dropLast(60), name: "stray.jpg")
        }
        // Cut, but with an end marker: the decoder itself runs out of data.
        let original = try ImageFiles.bytes("rgb.jpg")
        #expect(throws: SemblanceError.self) {
            try decoder.decode(bytes: original.dropLast(100) + [0xFF, 0xD9], name: "cut.jpg")
        }
    }
}
