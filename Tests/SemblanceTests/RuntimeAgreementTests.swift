import Foundation
import Semblance
import SemblanceCore
import SemblanceImaging
import SemblanceTestSupport
import Testing

/// A model that was trained here gives the same embeddings in ONNX Runtime.
@Suite(
    .enabled(
        if: ONNXRuntime.python != nil,
        "needs ONNX Runtime: make setup, or name a Python that has it in SEMBLANCE_PYTHON"))
struct RuntimeAgreementTests {
    @Test(arguments: [1, 3])
    func aTrainedModelGivesTheSameEmbeddings(channels: Int) throws {
        let seed = freshSeed("trained model in ONNX Runtime, \(channels) channels")
        let files = try FaceFiles(people: 8, photos: 4, seed: seed)
        let network = try Architecture.small.network(size: 32, channels: channels, embedding: 64, seed: seed)
        let trainer = try Trainer(
            network: network, folder: files.folder(), options: quickOptions(epochs: 2, seed: seed))
        let device = try SelectedDevice(.cpu)
        let result = try trainer.run(on: device, onFault: .fail)
        #expect(result.network.parameters[0].tensor != network.parameters[0].tensor)

        let path = files.root + "/trained.onnx"
        try RecognitionModel(
            network: result.network,
            description: ModelDescription(input: result.format, calibration: result.calibration)
        ).write(to: path)
        let recognizer = try FaceRecognizer(model: RecognitionModel(path: path), device: device, batch: 4)
        let images = faces(6, seed: seed + 1).map { $0.resized(width: 32, height: 32) }
        let got = try recognizer.embed(images)

        let pixels = images.flatMap { input($0, channels: channels) }
        let raw = try ONNXRuntime.run(model: path, input: pixels, batch: images.count)
        #expect(raw.count == images.count * 64)
        for (index, embedding) in got.enumerated() {
            let row = raw[index * 64..<(index + 1) * 64].map(Double.init)
            let length = row.reduce(0) { $0 + $1 * $1 }.squareRoot()
            let difference =
                zip(row, embedding.values).map { abs($0 / length - Double($1)) }.max() ?? .infinity
            #expect(difference <= 1e-4, "image \(index)")
        }
    }

    /// Planes of (p - 127.5) / 127.5, written down once more.
    private func input(_ image: Image, channels: Int) -> [Float] {
        let image = channels == 1 ? image.grey() : image
        return (0..<channels).flatMap { channel in
            stride(from: channel, to: image.pixels.count, by: channels).map {
                (Float(image.pixels[$0]) - 127.5) / 127.5
            }
        }
    }
}
