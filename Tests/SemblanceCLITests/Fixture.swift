import Foundation
import Testing

/// What the tests read, made once by the program itself: `data` (eight people), `two` (two of them), a calibrated model `m.onnx`, an
/// uncalibrated one `new.onnx`, and damaged files in `bad`.
enum Fixture {
    /// One thread each: several tests run at once.
    static let device = ["--threads", "1"]
    static let quick = ["--network", "small", "--size", "32", "--embedding", "32", "--batch", "8"] + device

    private static let made = Result { try make() }

    /// The folder that holds it all; read-only by agreement.
    static var root: String { get throws { try made.get() } }

    private static func make() throws -> String {
        let root = FileManager.default.temporaryDirectory.path + "/semblance-cli-\(getpid())"
        try? FileManager.default.removeItem(atPath: root)
        try FileManager.default.createDirectory(atPath: root, withIntermediateDirectories: true)
        atexit {
            let root = FileManager.default.temporaryDirectory.path + "/semblance-cli-\(getpid())"
            try? FileManager.default.removeItem(atPath: root)
        }
        func tool(_ arguments: [String]) throws {
            let outcome = try Tool.run(arguments, in: root)
            try #require(outcome.code == 0, "\(arguments): \(outcome.errors)")
        }
        try tool(["faces", "data", "--people", "8", "--images", "4", "--size", "32"])
        try tool(["faces", "two", "--people", "2", "--images", "3", "--size", "32", "--seed", "5"])
        try tool(["train", "data", "--output", "m.onnx", "--epochs", "2"] + quick)
        try tool(["new", "--output", "new.onnx", "--size", "32", "--embedding", "32"])
        try makeBadFiles(root)
        return root
    }

    private static func makeBadFiles(_ root: String) throws {
        let files = FileManager.default
        func write(_ name: String, _ bytes: [UInt8]) throws {
            try Data(bytes).write(to: URL(filePath: root + "/bad/" + name))
        }
        for folder in ["bad", "bad/folder.jpg", "empty", "one/somebody", "loose"] {
            try files.createDirectory(atPath: root + "/" + folder, withIntermediateDirectories: true)
        }
        let face = Array(try Data(contentsOf: URL(filePath: root + "/data/person00/00.png")))
        try Data(face).write(to: URL(filePath: root + "/one/somebody/1.png"))
        try Data(face).write(to: URL(filePath: root + "/loose/1.png"))
        try write("zero.png", [])
        try write("cut.png", Array(face.prefix(face.count / 2)))
        try write("text.jpg", Array("hello".utf8))
        try write("bomb.ppm", Array("P6\n100000 100000\n255\n".utf8))
        try write("photo.webp", Array("RIFF\u{10}\0\0\0WEBPVP8 ".utf8))
        try write("photo.heic", Array("\0\0\0\u{18}ftypheic\0\0\0\0".utf8))
        try write("my photo.bmp", Array("BM".utf8) + [UInt8](repeating: 0, count: 12) + [40, 0, 0, 0, 1, 0])
        try files.createSymbolicLink(atPath: root + "/bad/link.png", withDestinationPath: "nowhere.png")

        let model = Array(try Data(contentsOf: URL(filePath: root + "/m.onnx")))
        var corrupted = model
        for index in 20..<60 { corrupted[index] = 0xFF }
        try write("cut.onnx", Array(model.prefix(model.count / 3)))
        try write("corrupted.onnx", corrupted)
        try write("zero.onnx", [])
        try write("text.onnx", Array("this is no model".utf8))
        var checkpoint = Array(try Data(contentsOf: URL(filePath: root + "/m.onnx.checkpoint")))
        try write("cut.checkpoint", Array(checkpoint.prefix(checkpoint.count / 2)))
        checkpoint[checkpoint.count / 2] ^= 1
        try write("flipped.checkpoint", checkpoint)
        try write("pairs.txt", Array("1\nAnn\t1\n".utf8))
    }
}
