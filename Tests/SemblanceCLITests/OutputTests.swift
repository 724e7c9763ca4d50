import Foundation
import Semblance
import SemblanceTestSupport
import Testing

/// Outputs that cannot be written.
@Suite struct OutputTests {
    private let face = "data/person00/00.png"

    private func expectFailure(_ outcome: Tool.Outcome, _ clues: String...) {
        #expect(outcome.code == 1, "\(outcome.errors)")
        for clue in clues { #expect(outcome.errors.contains(clue), "\(outcome.errors)") }
        #expect(outcome.errors.contains("; ") && !outcome.errors.contains("Error Domain"))
    }

    @Test(arguments: ["no/x.onnx", "m.onnx/x.onnx", "data", "bad/"])
    func aPlaceThatCannotBeWrittenIsFoundOutBeforeTraining(path: String) throws {
        let root = try Fixture.root
        for arguments in [
            ["train", "data", "--output", path], ["new", "--output", path],
            ["train", "data", "--output", root + "/never.onnx", "--checkpoint", path],
        ] {
            let outcome = try Tool.run(arguments, in: root)
            expectFailure(outcome, path)
            #expect(!outcome.output.contains("training"))
        }
        #expect(try !folderHolds("never.onnx", root))
        let log = try Tool.run(
            ["train", "data", "--output", root + "/never.onnx", "--log", path] + Fixture.quick, in: root)
        expectFailure(log, path, "log")
        let sheet = try Tool.run(
            ["identify", "--model", "m.onnx", "--gallery", "data", "--sheet", path, face] + Fixture.device,
            in: root)
        expectFailure(sheet, path)
    }

    /// Names come from archives of others. What goes to a file keeps them as they are.
    @Test func aNameGivesATerminalNoCommands() throws {
        let name = "no\u{1B}[31m.onnx"
        let plain = try Tool.run(["embed", "--model", name, face], in: Fixture.root)
        expectFailure(plain, name)
        let terminal = try Tool.run(
            ["-qec", "'\(Tool.path)' embed --model '\(name)' \(face)", "/dev/null"], in: Fixture.root,
            executable: "/usr/bin/script")
        #expect(terminal.code == 1 && terminal.output.contains("no\\u{1B}[31m.onnx"), "\(terminal.output)")
        #expect(!terminal.output.contains("\u{1B}"))
    }

    @Test func facesSaysWhereItCannotDraw() throws {
        expectFailure(try Tool.run(["faces", "m.onnx", "--people", "1"], in: Fixture.root), "m.onnx")
        expectFailure(try Tool.run(["faces", "/proc/x", "--people", "1"], in: "/"), "/proc/x")
    }

    @Test func aNameOfOneLetterIsFine() throws {
        try withTemporaryFolder { folder in
            let outcome = try Tool.run(["new", "--output", "m", "--size", "32"], in: folder)
            #expect(outcome.code == 0)
            let train = try Tool.run(
                ["train", try Fixture.root + "/two", "--output", "t", "--epochs", "1"] + Fixture.quick,
                in: folder)
            #expect(train.code == 0, "\(train.errors)")
            #expect(
                try Set(FileManager.default.contentsOfDirectory(atPath: folder)) == [
                    "m", "t", "t.checkpoint",
                ])
        }
    }

    @Test(arguments: [
        "devices --json", "info m.onnx", "embed --threads 1 --model m.onnx data/person00/00.png", "--help",
    ])
    func standardOutputOnAFullDiskIsAFailure(arguments: String) throws {
        let outcome = try Tool.shell("$S \(arguments) > /dev/full", in: Fixture.root)
        expectFailure(outcome, "standard output", "No space left", "free some space")
    }

    @Test func aFullDeviceIsNamed() throws {
        let outcome = try Tool.run(["new", "--size", "32", "--output", "/dev/full"], in: "/")
        expectFailure(outcome, "/dev/full", "No space left", "free some space")
    }

    /// The limit on a file's size, which needs no privilege: writing fails midway, as on a full disk.
    @Test func aFileThatBecomesTooLargeLeavesNothingBehind() throws {
        let root = try Fixture.root
        try withTemporaryFolder { folder in
            let new = try Tool.shell("ulimit -f 64; exec $S new --size 32 --output x.onnx", in: folder)
            expectFailure(new, "x.onnx", "File too large", "free some space")
            let train = try Tool.shell(
                "ulimit -f 64; exec $S train \(root)/two --output x.onnx --epochs 1 "
                    + Fixture.quick.joined(separator: " "), in: folder)
            expectFailure(train, "x.onnx.checkpoint", "File too large")
            #expect(try FileManager.default.contentsOfDirectory(atPath: folder).isEmpty)
        }
    }

    @Test func aFullDiskLeavesNothingHalfWritten() throws {
        let root = try Fixture.root
        try withTemporaryFolder { folder in
            let disk = folder + "/disk"
            try FileManager.default.createDirectory(atPath: disk, withIntermediateDirectories: true)
            let mounted = try Tool.shell("mount -t tmpfs -o size=64k tmpfs disk", in: folder)
            guard mounted.code == 0 else {
                print("SKIPPED: a full disk: a small one cannot be mounted here: \(mounted.errors)")
                return
            }
            defer { _ = try? Tool.shell("umount disk", in: folder) }
            expectFailure(
                try Tool.run(["new", "--size", "32", "--output", "disk/x.onnx"], in: folder), "disk/x.onnx",
                "No space left", "free some space")
            #expect(try FileManager.default.contentsOfDirectory(atPath: disk).isEmpty)

            // The last step of a training: what it learnt is in the checkpoint.
            let train = try Tool.run(
                ["train", root + "/two", "--output", "disk/x.onnx", "--checkpoint", "kept", "--epochs", "1"]
                    + Fixture.quick, in: folder)
            expectFailure(train, "disk/x.onnx", "No space left")
            #expect(try FileManager.default.contentsOfDirectory(atPath: disk).isEmpty)
            #expect(try folderHolds("kept", folder))

            expectFailure(
                try Tool.run(["faces", "disk/faces", "--people", "9", "--size", "96"], in: folder),
                "disk/faces/",
                "No space left")
            let images = try FileManager.default.subpathsOfDirectory(atPath: disk).filter {
                $0.contains("0/")
            }
            for name in images { _ = try ImageDecoder().decode(path: disk + "/" + name) }
        }
    }
}

/// Readers that go away, and output that is no terminal.
@Suite struct PipeTests {
    @Test(arguments: [
        "faces OUT --people 2 --images 1 --size 32", "--help", "devices",
        "embed --threads 1 --model m.onnx data/*/*.png",
        "embed --json --threads 1 --model m.onnx data/*/*.png",
    ])
    func aReaderThatGoesAwayIsNoFailure(arguments: String) throws {
        try withTemporaryFolder { out in
            let command = arguments.replacing("OUT", with: out)
            for reader in ["head -1 > /dev/null", "true"] {
                let outcome = try Tool.shell(
                    "$S \(command) | \(reader); exit ${PIPESTATUS[0]}", in: Fixture.root)
                #expect(outcome.code == 0, "\(outcome.errors)")
                #expect(!outcome.errors.contains("error"))
            }
        }
    }

    @Test func pipedProgressIsPlainLines() throws {
        try withTemporaryFolder { folder in
            let outcome = try Tool.run(
                ["train", try Fixture.root + "/two", "--output", "x.onnx", "--epochs", "2"] + Fixture.quick,
                in: folder)
            #expect(outcome.code == 0)
            let text = outcome.output + outcome.errors
            let controls = text.unicodeScalars.filter { $0.value < 32 && $0 != "\n" }
            #expect(controls.isEmpty)
            #expect(outcome.output.contains("epoch 2/2: loss "))
            #expect(outcome.output.contains("device cpu"))
        }
    }
}
