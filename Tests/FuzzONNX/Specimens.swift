import Foundation

/// The sound files in some folders, in an order that is always the same.
func specimens(in folders: [String]) throws -> [[UInt8]] {
    try folders.flatMap { folder in
        try FileManager.default.contentsOfDirectory(atPath: folder).filter { $0.hasSuffix(".onnx") }.sorted()
            .map {
                [UInt8](try Data(contentsOf: URL(filePath: folder + "/" + $0)))
            }
    }
}

/// How far the work is, in a file that survives the process that does it.
struct Progress {
    static let size = 16
    /// The trial that was begun last.
    var trial = 0
    /// How many files were models in spite of all.
    var models = 0

    init() {}

    init(path: String) throws {
        let data = try Data(contentsOf: URL(filePath: path))
        guard data.count == Self.size else { return }
        let numbers = data.withUnsafeBytes { $0.loadUnaligned(as: (Int, Int).self) }
        (trial, models) = numbers
    }

    func write(to descriptor: Int32) {
        _ = withUnsafeBytes(of: (trial, models)) { pwrite(descriptor, $0.baseAddress, Self.size, 0) }
    }
}
