import SemblanceTestSupport
import Testing

/// A command line that is wrong, and what the message must name.
struct WrongUse: Sendable, CustomTestStringConvertible {
    var arguments: [String]
    var clues: [String]

    init(_ arguments: String, _ clues: String...) {
        self.arguments = arguments.split(separator: " ").map(String.init)
        self.clues = clues
    }

    var testDescription: String { arguments.joined(separator: " ") }

    static let all = [
        WrongUse("frobnicate", "\"frobnicate\"", "semblance --help"),
        WrongUse("--frobnicate", "\"--frobnicate\"", "semblance --help"),
        WrongUse("train", "one folder", "0 are given"),
        WrongUse("train data", "--output"),
        WrongUse("train data --output", "--output needs a value"),
        WrongUse("train data two --output x", "2 are given"),
        WrongUse("train data --output x --frob", "no option --frob", "train --help"),
        WrongUse("train data --output x --json=1", "--json takes no value"),
        WrongUse("train data --output x --epochs 1 --epochs 2", "--epochs is given twice"),
        WrongUse("train data --output x --epochs many", "--epochs many", "whole number"),
        WrongUse("train data --output x --epochs 0", "--epochs 0"),
        WrongUse("train data --output x --epochs 1.5", "--epochs 1.5"),
        WrongUse("train data --output x --batch 1", "--batch 1", "from 2"),
        WrongUse("train data --output x --lr fast", "--lr fast", "number"),
        WrongUse("train data --output x --lr nan", "--lr nan"),
        WrongUse("train data --output x --lr inf", "--lr inf"),
        WrongUse("train data --output x --lr -1", "--lr -1"),
        WrongUse("train data --output x --lr 0", "learning rate"),
        WrongUse("train data --output x --loss triplet", "--loss triplet", "arcface, cosface, softmax"),
        WrongUse("train data --output x --optimizer lion", "--optimizer lion", "sgd, adamw"),
        WrongUse("train data --output x --schedule up", "--schedule up"),
        WrongUse("train data --output x --network vgg", "--network vgg", "iresnet50"),
        WrongUse("train data --output x --size 33", "size of 33", "multiple of 16"),
        WrongUse("train data --output x --channels 2", "2 channels"),
        WrongUse("train data --output x --seed -1", "--seed -1"),
        WrongUse("train data --output x --held-out 1", "--held-out 1"),
        WrongUse("train data --output x --epochs 2 --warm-up 3", "warm-up"),
        WrongUse("train data --output x --from m.onnx --size 32", "--size and --from"),
        WrongUse("train data --output x --from m.onnx --network small", "--network and --from"),
        WrongUse("train data --output x --device tpu", "\"tpu\"", "opencl:PLATFORM:DEVICE"),
        WrongUse("train data --output x --threads 0", "--threads 0"),
        WrongUse("identify", "needs an image"),
        WrongUse("identify data/person00/00.png --gallery data", "--model"),
        WrongUse("identify data/person00/00.png --model m.onnx", "--gallery"),
        WrongUse("identify x.png --model m.onnx --gallery data -k 0", "-k 0"),
        WrongUse("identify x.png --model m.onnx --gallery data --threshold high", "--threshold high"),
        WrongUse("identify x.png --model m.onnx --gallery data --threshold 2", "--threshold 2"),
        WrongUse("identify x.png --model m.onnx --gallery data --far 0", "--far 0"),
        WrongUse(
            "identify x.png --model m.onnx --gallery data --far 0.1 --threshold 0.5", "--threshold and --far"),
        WrongUse(
            "identify x.png --model m.onnx --gallery data --far 1e-6", "impostor pairs", "give a threshold"),
        WrongUse("identify x.png --model new.onnx --gallery data --far 0.1", "uncalibrated", "threshold"),
        WrongUse("verify a.png b.png", "--model"),
        WrongUse("verify --model m.onnx a.png", "two images"),
        WrongUse("verify --model m.onnx data/person00/00.png data/person00/01.png --crop 2", "--crop 2"),
        WrongUse("embed --model m.onnx", "needs an image"),
        WrongUse("embed data/person00/00.png", "--model"),
        WrongUse("evaluate --model m.onnx", "one folder of images"),
        WrongUse("evaluate data", "--model"),
        WrongUse("evaluate --images data --model m.onnx data", "--images and data"),
        WrongUse("evaluate data two --model m.onnx", "2 are given"),
        WrongUse("evaluate data --model m.onnx --threshold 2", "--threshold 2"),
        WrongUse("evaluate data --model m.onnx --scores x", "--scores is given without --pairs"),
        WrongUse("evaluate data --model m.onnx --probe data", "--probe is given without --gallery"),
        WrongUse("evaluate --model m.onnx --gallery data", "--probe"),
        WrongUse("evaluate data --model m.onnx --gallery data --probe data", "no folder of images"),
        WrongUse("evaluate --model m.onnx --gallery data --probe data --pairs x", "--pairs and --gallery"),
        WrongUse("calibrate data", "--model"), WrongUse("calibrate --model m.onnx", "one folder of images"),
        WrongUse("calibrate data --model m.onnx --far 0", "--far 0"),
        WrongUse("info", "one model"),
        WrongUse("info m.onnx new.onnx", "2 are given"),
        WrongUse("new", "--output"),
        WrongUse("new --output x --embedding 4", "embedding of 4"),
        WrongUse("devices here", "no operands"),
        WrongUse("devices --device opencl:0", "\"opencl:0\""),
        WrongUse("tune here", "no operands"),
        WrongUse("bench --model m.onnx --classes 5", "--classes is given without --training"),
        WrongUse("bench --model m.onnx --interactive --trace t.json", "--trace is given with --interactive"),
        WrongUse("bench --photos data --model m.onnx --ceilings", "--ceilings is given with --photos"),
        WrongUse("bench compare a.json b.json --profile", "--profile is given with compare"),
        WrongUse("tune --device cpu", "nothing to tune", "OpenCL"),
        WrongUse("tune --batch 0", "--batch 0"), WrongUse("tune --batch 1,,2", "--batch 1,,2"),
        WrongUse("tune --batch 4,4", "different"), WrongUse("tune --seconds soon", "--seconds soon"),
        WrongUse("tune --conv implicit", "no option --conv"),
        WrongUse("bench", "--model"),
        WrongUse("bench --model m.onnx --batch 0", "--batch 0"),
        WrongUse("bench --model m.onnx --iterations none", "--iterations none"),
        WrongUse("bench --model m.onnx --per-turn 2", "--per-turn"),
        WrongUse("bench --model m.onnx --photos data --training", "--training is given with --photos"),
        WrongUse("faces", "one folder"),
        WrongUse("faces x --size 8", "--size 8"),
    ]
}

@Suite struct UsageTests {
    @Test(arguments: WrongUse.all)
    func isRefusedWithCode2(use: WrongUse) throws {
        let root = try Fixture.root
        let outcome = try Tool.run(use.arguments, in: root)
        #expect(outcome.code == 2, "\(outcome.errors)")
        #expect(outcome.output.isEmpty)
        // One line that says what is wrong, and after the semicolon what to do.
        #expect(outcome.errors.hasPrefix("semblance: error: ") && outcome.errors.contains("; "))
        #expect(outcome.errors.split(separator: "\n").count == 1)
        for clue in use.clues { #expect(outcome.errors.contains(clue), "\(outcome.errors)") }
        #expect(try !folderHolds("x", root) && !folderHolds("x.checkpoint", root))
    }

    @Test func theEnvironmentsDeviceIsCheckedToo() throws {
        let outcome = try Tool.run(["devices"], in: "/", environment: ["SEMBLANCE_DEVICE": "tpu"])
        #expect(outcome.code == 2 && outcome.errors.contains("\"tpu\""))
    }

    @Test func withoutArgumentsItTellsHowItIsUsed() throws {
        let outcome = try Tool.run([], in: "/")
        #expect(outcome.code == 2 && (outcome.output + outcome.errors).contains("Usage: semblance COMMAND"))
    }
}

@Suite struct HelpTests {
    static let commands = [
        "train", "identify", "verify", "embed", "evaluate", "calibrate", "info", "new", "devices", "doctor",
        "tune", "bench",
        "faces",
    ]

    @Test(arguments: ["--help", "-h", "help"])
    func listsTheCommands(option: String) throws {
        let outcome = try Tool.run([option], in: "/")
        #expect(outcome.code == 0 && outcome.errors.isEmpty)
        for command in Self.commands { #expect(outcome.output.contains("\n  \(command) ")) }
    }

    @Test(arguments: commands)
    func everyCommandHasItsOwn(command: String) throws {
        for arguments in [[command, "--help"], [command, "-h"], [command, "nonsense", "--help"]] {
            let outcome = try Tool.run(arguments, in: "/")
            #expect(outcome.code == 0 && outcome.errors.isEmpty)
            #expect(outcome.output.hasPrefix("Usage: semblance \(command) "))
            #expect(outcome.output.contains("\nOptions:\n"))
        }
    }

    @Test(arguments: ["--version", "version"])
    func tellsTheVersion(option: String) throws {
        let outcome = try Tool.run([option], in: "/")
        #expect(outcome.code == 0)
        #expect(outcome.output.wholeMatch(of: /semblance \d+\.\d+\.\d+\n/) != nil)
    }
}
