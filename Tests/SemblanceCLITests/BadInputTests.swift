import Foundation
import SemblanceTestSupport
import Testing

/// Input that cannot be used, and what the message must say. `OUT` stands for an empty folder of the test's own.
struct BadInput: Sendable, CustomTestStringConvertible {
    var arguments: [String]
    var clues: [String]

    /// - Parameter arguments: apart by blanks; an underscore stands for a blank in a name.
    init(_ arguments: String, _ clues: String...) {
        self.arguments = arguments.split(separator: " ").map { String($0.replacing("_", with: " ")) }
        self.clues = clues
    }

    var testDescription: String { arguments.joined(separator: " ") }

    private static let folders = [
        BadInput("train missing --output OUT/x.onnx", "missing: there is no such folder", "check the path"),
        BadInput("train empty --output OUT/x.onnx", "empty: no person's images", "empty/NAME/1.jpg"),
        BadInput(
            "train loose --output OUT/x.onnx", "loose: no person's images", "1 images lie in the folder"),
        BadInput("train one --output OUT/x.onnx", "one: only one person (somebody)", "a folder of their own"),
        BadInput("train m.onnx --output OUT/x.onnx", "m.onnx: this is a file", "name the folder"),
        BadInput("train . --output OUT/x.onnx --size 32 --strict --threads 1", "bad/", "error: "),
        BadInput(
            "identify --model m.onnx --gallery missing data/person00/00.png", "missing: No such file"),
        BadInput(
            "identify --model m.onnx --gallery empty data/person00/00.png", "empty holds no image", "put one"),
        BadInput(
            "identify --model m.onnx --threads 1 --gallery bad data/person00/00.png",
            "no image of the gallery bad", "put one"),
        BadInput(
            "evaluate --model m.onnx missing", "missing: there is no such folder", "check the path"),
    ]

    private static let images = [
        ("missing.png", "cannot read missing.png: No such file", "check the path"),
        ("bad/link.png", "cannot read bad/link.png: No such file", "check the path"),
        ("bad/folder.jpg", "cannot read bad/folder.jpg: Is a directory", "give the name of a file"),
        ("bad/zero.png", "bad/zero.png is empty", "replace or remove"),
        ("bad/cut.png", "bad/cut.png is a damaged PNG file", "replace or remove"),
        ("bad/text.jpg", "bad/text.jpg is not an image", "PNG, JPEG and PGM/PPM"),
        ("bad/bomb.ppm", "bad/bomb.ppm claims 100000x100000 pixels", "shrink it"),
        ("bad/photo.webp", "bad/photo.webp is a WebP file", "convert bad/photo.webp bad/photo.png"),
        ("bad/photo.heic", "bad/photo.heic is a HEIC file", "heif-convert bad/photo.heic bad/photo.png"),
        (
            "bad/my_photo.bmp", "bad/my photo.bmp is a BMP file",
            "convert 'bad/my photo.bmp' 'bad/my photo.png'"
        ),
    ].map { BadInput("embed --model m.onnx --threads 1 \($0.0)", $0.1, $0.2) }

    private static let models = [
        "info", "embed data/person00/00.png --model", "train data --output OUT/x.onnx --from",
    ]
    .flatMap { command in
        [
            BadInput("\(command) missing.onnx", "missing.onnx: No such file", "check the path"),
            BadInput("\(command) bad", "bad: it is no regular file", "check the path"),
            BadInput(
                "\(command) bad/zero.onnx", "bad/zero.onnx: the file is empty", "copy, download or export"),
            BadInput("\(command) bad/cut.onnx", "bad/cut.onnx: not a valid ONNX", "copy, download or export"),
            BadInput(
                "\(command) bad/text.onnx", "bad/text.onnx: not a valid ONNX", "copy, download or export"),
            BadInput("\(command) bad/corrupted.onnx", "bad/corrupted.onnx: ", "copy, download or export"),
            BadInput("\(command) m.onnx.checkpoint", "m.onnx.checkpoint: ", "copy, download or export"),
        ]
    }

    private static let checkpoints = [
        ("missing.checkpoint", "missing.checkpoint: No such file", "check the path"),
        ("m.onnx", "m.onnx: this is no checkpoint", "use another"),
        ("bad/cut.checkpoint", "bad/cut.checkpoint: the checkpoint is damaged", "use another"),
        ("bad/flipped.checkpoint", "bad/flipped.checkpoint: the checkpoint is damaged", "use another"),
        ("m.onnx.checkpoint", "belongs to another run", "batch (8 in the checkpoint, 32 now)"),
    ].map {
        BadInput("train data --output OUT/x.onnx --size 32 --resume --checkpoint \($0.0)", $0.1, $0.2)
    }

    private static let lists = [
        BadInput(
            "evaluate --model m.onnx data --pairs missing.txt", "missing.txt: No such file", "check"),
        BadInput("evaluate --model m.onnx data --pairs bad/pairs.txt", "bad/pairs.txt, line 2: 2 fields"),
        BadInput("evaluate --model m.onnx data --pairs bad/zero.png", "bad/zero.png holds no pairs"),
        BadInput(
            "evaluate --model m.onnx data --pairs data/person00/00.png", "00.png is no text", "pairs.txt"),
    ]

    private static let devices = [
        BadInput("devices --device opencl:97:0", "no OpenCL device opencl:97:0"),
        BadInput("embed --model m.onnx data/person00/00.png --device opencl:97:0", "opencl:97:0"),
    ]

    static let all = folders + images + models + checkpoints + lists + devices
}

@Suite struct BadInputTests {
    @Test(arguments: BadInput.all)
    func isNamedWithCode1(input: BadInput) throws {
        let root = try Fixture.root
        try withTemporaryFolder { out in
            let arguments = input.arguments.map { $0.replacing("OUT", with: out) }
            let outcome = try Tool.run(arguments, in: root)
            #expect(outcome.code == 1, "\(outcome.errors)")
            #expect(outcome.errors.hasPrefix("semblance: "))
            for clue in input.clues { #expect(outcome.errors.contains(clue), "\(outcome.errors)") }
            // What a Swift error looks like that nobody wrote a message for.
            #expect(!outcome.errors.contains("Error Domain"))
            #expect(try FileManager.default.contentsOfDirectory(atPath: out).isEmpty)
        }
    }
}

@Suite struct BadImageTests {
    private let probes = ["data/person00/00.png", "bad/cut.png", "data/person01/01.png"]

    @Test func theOtherProbesAreAnswered() throws {
        let arguments = ["identify", "--model", "m.onnx", "--gallery", "data", "--json"] + Fixture.device
        let outcome = try Tool.run(arguments + probes, in: Fixture.root)
        #expect(outcome.code == 1)
        let objects = try outcome.objects
        #expect(objects.map { $0["image"] as? String } == probes)
        #expect(objects.map { $0["error"] != nil } == [false, true, false])
        #expect(objects[0]["matches"] != nil && objects[2]["matches"] != nil)
        #expect(outcome.errors.contains("bad/cut.png is a damaged PNG"))
        let strict = try Tool.run(arguments + ["--strict"] + probes, in: Fixture.root)
        #expect(strict.code == 1 && strict.errors.contains("error: bad/cut.png is a damaged PNG"))
        #expect(!strict.output.contains("person01/01.png\""))
    }

    @Test func embedAnswersTheOthersToo() throws {
        let arguments = ["embed", "--model", "m.onnx"] + Fixture.device
        let outcome = try Tool.run(arguments + probes, in: Fixture.root)
        #expect(outcome.code == 1)
        #expect(
            outcome.lines.map { $0.split(separator: " ").first.map(String.init) } == [probes[0], probes[2]])
        let strict = try Tool.run(arguments + ["--strict"] + probes, in: Fixture.root)
        #expect(strict.code == 1 && !strict.output.contains(probes[2]))
    }

    /// A folder in which one image of many is bad and some files are no images.
    private func withSpoiltFolder(_ body: (String) throws -> Void) throws {
        let root = try Fixture.root
        try withTemporaryFolder { folder in
            let files = FileManager.default
            try files.copyItem(atPath: root + "/data", toPath: folder + "/data")
            try files.copyItem(atPath: root + "/bad/cut.png", toPath: folder + "/data/person02/zz.png")
            for name in ["README", "data/README.md", "data/person00/README.txt", "data/person01/.DS_Store"] {
                try Data("text".utf8).write(to: URL(filePath: folder + "/" + name))
            }
            try files.createDirectory(atPath: folder + "/data/nobody", withIntermediateDirectories: true)
            try body(folder)
        }
    }

    @Test func trainingSkipsAndCountsIt() throws {
        try withSpoiltFolder { folder in
            let arguments =
                ["train", "data", "--output", "x.onnx", "--epochs", "1", "--held-out", "0"] + Fixture.quick
            let outcome = try Tool.run(arguments + ["--json"], in: folder)
            #expect(outcome.code == 0, "\(outcome.errors)")
            let objects = try outcome.objects
            let skipped = objects.filter { $0["event"] as? String == "skipped" }
            #expect(skipped.map { $0["path"] as? String } == ["data/person02/zz.png"])
            #expect((skipped.first?["reason"] as? String)?.contains("damaged PNG") == true)
            #expect(objects.last?["skipped_images"] as? Int == 1)
            let plain = try Tool.run(arguments, in: folder)
            #expect(
                plain.code == 0 && plain.errors.contains("skipped: data/person02/zz.png is a damaged PNG"))
            #expect(plain.errors.contains("1 image was skipped"))
            #expect(!plain.errors.contains("README") && !plain.errors.contains("DS_Store"))
        }
    }

    @Test func strictMakesItAnError() throws {
        try withSpoiltFolder { folder in
            let outcome = try Tool.run(
                ["train", "data", "--output", "x.onnx", "--epochs", "1", "--strict"] + Fixture.quick,
                in: folder)
            #expect(outcome.code == 1)
            #expect(outcome.errors.contains("error: data/person02/zz.png is a damaged PNG"))
            #expect(try !folderHolds("x.onnx", folder))
        }
    }
}
