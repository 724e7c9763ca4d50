import Foundation
import SemblanceCore
import SemblanceTraining

/// A folder of grey images on disk, deleted with the object. A person is a smooth random pattern; an image of them has
/// shifts, light and noise of its own.
final class PatternFolder {
    let root: String

    init(counts: [Int], size: Int = 32, seed: UInt64 = 7, noise: Float = 12) throws {
        root = FileManager.default.temporaryDirectory.path + "/semblance-\(UUID().uuidString)"
        try FileManager.default.createDirectory(atPath: root, withIntermediateDirectories: true)
        for (person, count) in counts.enumerated() {
            let folder = String(format: "%@/p%02d", root, person)
            try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
            var identity = RandomSource(seed: seed, stream: UInt64(person))
            let waves = (0..<6).map { _ in
                (
                    x: identity.uniform(-0.35...0.35), y: identity.uniform(-0.35...0.35),
                    phase: identity.uniform(0...6.28)
                )
            }
            for index in 0..<count {
                var random = RandomSource(seed: seed, stream: UInt64(1000 * (person + 1) + index))
                let (dx, dy) = (random.uniform(-1...1), random.uniform(-1...1))
                let (gain, offset) = (random.uniform(0.8...1.2), random.uniform(-15...15))
                var pixels = [UInt8](repeating: 0, count: size * size)
                for y in 0..<size {
                    for x in 0..<size {
                        let value = waves.reduce(Float(0)) {
                            $0 + sin($1.x * (Float(x) + dx) + $1.y * (Float(y) + dy) + $1.phase)
                        }
                        let shade = 128 + gain * 20 * value + offset + noise * random.normal()
                        pixels[y * size + x] = UInt8(min(max(shade, 0), 255))
                    }
                }
                try write(
                    Array("P5\n\(size) \(size)\n255\n".utf8) + pixels,
                    to: String(format: "p%02d/%02d.pgm", person, index))
            }
        }
    }

    deinit { try? FileManager.default.removeItem(atPath: root) }

    func write(_ bytes: [UInt8], to name: String) throws {
        let path = root + "/" + name
        try FileManager.default.createDirectory(
            atPath: (path as NSString).deletingLastPathComponent, withIntermediateDirectories: true)
        try Data(bytes).write(to: URL(fileURLWithPath: path))
    }

    func folder() throws -> FaceFolder { try FaceFolder(root: root) }
}

/// Two convolutions and a fully connected layer: trains in milliseconds.
func tinyNetwork(size: Int = 32, dropout: Float = 0.1, seed: UInt64 = 3) throws -> Network {
    var builder = NetworkBuilder(name: "tiny", input: [1, size, size], seed: seed)
    try builder.convolution("conv1", channels: 8, kernel: 3, stride: 2, padding: 1)
    try builder.batchNorm("bn1")
    try builder.prelu("act1")
    try builder.convolution("conv2", channels: 16, kernel: 3, stride: 2, padding: 1)
    try builder.batchNorm("bn2")
    try builder.prelu("act2")
    builder.dropout("dropout", rate: dropout)
    try builder.flatten("flatten")
    try builder.fullyConnected("fc", outputs: 16)
    try builder.batchNorm("features")
    return builder.finished()
}

/// Options for runs of seconds.
func quickOptions(epochs: Int = 4, batch: Int = 8) -> TrainingOptions {
    var options = TrainingOptions()
    options.epochs = epochs
    options.batch = batch
    options.learningRate = 0.05
    options.loss = .cosFace(margin: 0.1, scale: 16)
    options.loaderThreads = 2
    options.heldOutFraction = 0.25
    return options
}
