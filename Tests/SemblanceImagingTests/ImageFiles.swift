import Foundation
import SemblanceCore
import SemblanceImaging
import Testing

/// What generate_images.py wrote.
struct ImageFiles: Decodable {
    struct Pixels: Decodable {
        var width: Int
        var height: Int
        var channels: Int
        var pixels: [UInt8]

        var image: Image {
            get throws { try Image(width: width, height: height, channels: channels, pixels: pixels) }
        }
    }

    struct Resize: Decodable {
        var source: Pixels
        var results: [Pixels]
    }

    var decoded: [String: Pixels]
    var resized: [Resize]

    static let folder = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "Images").path

    static func path(_ name: String) -> String { folder + "/" + name }

    static func load() throws -> ImageFiles {
        let data = try Data(contentsOf: URL(filePath: path("expected.json")))
        return try JSONDecoder().decode(ImageFiles.self, from: data)
    }

    static func bytes(_ name: String) throws -> [UInt8] {
        try [UInt8](Data(contentsOf: URL(filePath: path(name))))
    }
}

/// A new folder, removed at the end of the scope.
final class ScratchFolder {
    let path: String

    init() throws {
        path = FileManager.default.temporaryDirectory.appending(path: "semblance-\(UUID().uuidString)").path
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
    }

    deinit { try? FileManager.default.removeItem(atPath: path) }

    var contents: [String] {
        get throws { try FileManager.default.contentsOfDirectory(atPath: path).sorted() }
    }

    func file(_ name: String, _ bytes: [UInt8] = []) throws -> String {
        try Data(bytes).write(to: URL(filePath: path + "/" + name))
        return path + "/" + name
    }
}

/// Random pixels from a seed that the failure message shows.
func randomImage(width: Int, height: Int, channels: Int, seed: UInt64) -> Image {
    var random = RandomSource(seed: seed)
    let pixels = (0..<width * height * channels).map { _ in UInt8(truncatingIfNeeded: random.next() >> 20) }
    return Image(unchecked: pixels, width: width, height: height, channels: channels)
}

/// The largest difference of two pixels; nil where the sizes differ.
func largestDifference(_ a: Image, _ b: Image) -> Int? {
    guard (a.width, a.height, a.channels) == (b.width, b.height, b.channels) else { return nil }
    return zip(a.pixels, b.pixels).map { abs(Int($0) - Int($1)) }.max()
}

/// A fresh seed for each run, printed so that a failure can be repeated.
func freshSeed(_ test: String = #function) -> UInt64 {
    let seed = UInt64.random(in: 0...UInt64.max)
    print("\(test): seed \(seed)")
    return seed
}
