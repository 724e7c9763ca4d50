import Foundation
import Semblance
import SemblanceCore
import SemblanceONNX
import SemblanceTestSupport
import SemblanceTraining
import Testing

@Suite struct RecognitionModelTests {
    private let seed = freshSeed("model files")

    private func calibratedModel() throws -> RecognitionModel {
        let network = try tinyNetwork(seed: seed)
        var random = RandomSource(seed: seed)
        let scores = VerificationScores(
            genuine: (0..<60).map { _ in random.uniform(0.2...0.9) },
            impostor: (0..<2000).map { _ in random.uniform(-0.5...0.5) })
        return RecognitionModel(
            network: network,
            description: ModelDescription(
                input: InputFormat(height: 32, width: 32, colours: .bgr, mean: 100, scale: 0.01),
                calibration: Calibration(people: 6, scores: scores),
                training: ModelDescription.TrainingSummary(
                    people: 24, images: 240, epochs: 3, steps: 90, seed: .max, loss: "ArcFace",
                    device: "a \"device\", Ä")))
    }

    @Test func readsWhatItWrote() throws {
        let model = try calibratedModel()
        guard case .calibrated(_, let points) = model.description.calibration, points.count == 3 else {
            Issue.record("the test's model is not calibrated: \(model.description.calibration)")
            return
        }
        try withTemporaryFolder { folder in
            let path = folder + "/m.onnx"
            try model.write(to: path)
            let read = try RecognitionModel(path: path)
            #expect(read.description == model.description)
            #expect(read.identity == model.identity && read.architecture == "tiny")
            #expect(read.parameterCount == model.parameterCount)
            let weights = Dictionary(
                uniqueKeysWithValues: read.network.parameters.map { ($0.name, $0.tensor) })
            for parameter in model.network.parameters { #expect(weights[parameter.name] == parameter.tensor) }
            // Written again it is the same file.
            try read.write(to: folder + "/again.onnx")
            #expect(
                try Data(contentsOf: URL(filePath: path))
                    == Data(contentsOf: URL(filePath: folder + "/again.onnx")))
            #expect(try FileManager.default.contentsOfDirectory(atPath: folder).count == 2)
        }
    }

    @Test func anyWeightChangesTheIdentity() throws {
        let model = try calibratedModel()
        var random = RandomSource(seed: seed)
        var identities = [model.identity]
        for index in model.network.parameters.indices {
            var network = model.network
            let place = Int.random(in: network.parameters[index].tensor.values.indices, using: &random)
            network.parameters[index].tensor.values[place] =
                network.parameters[index].tensor.values[place].nextUp
            identities.append(RecognitionModel(network: network, description: model.description).identity)
        }
        #expect(Set(identities).count == identities.count)
        // A threshold is no weight.
        var other = model
        other.description.calibration = .uncalibrated(reason: "")
        #expect(
            RecognitionModel(network: other.network, description: other.description).identity
                == model.identity)
    }

    @Test func aForeignModelIsUncalibrated() throws {
        try withTemporaryFolder { folder in
            let path = folder + "/m.onnx"
            try ONNXModel(network: tinyNetwork(seed: seed)).write(to: path)
            let model = try RecognitionModel(path: path)
            guard case .uncalibrated(let reason) = model.description.calibration else {
                Issue.record("calibrated")
                return
            }
            #expect(reason.contains("no calibration"))
            #expect(model.description.input == InputFormat(height: 32, width: 32, colours: .rgb))
            #expect(model.description.training == nil)
        }
    }

    @Test(arguments: ["", "{", "[]", "{\"input\": 1}"])
    func aDamagedDescriptionIsNamed(text: String) throws {
        try withTemporaryFolder { folder in
            let path = folder + "/m.onnx"
            try ONNXModel(network: tinyNetwork(seed: seed), metadata: ["semblance.description": text])
                .write(to: path)
            let error = #expect(throws: SemblanceError.self) { try RecognitionModel(path: path) }
            #expect(error?.code == .invalidModel && error?.message.contains(path) == true)
        }
    }

    @Test func aDescriptionOfAnotherInputIsRefused() throws {
        var model = try calibratedModel()
        model.description.input.width = 64
        let device = try SelectedDevice(.cpu)
        let error = #expect(throws: SemblanceError.self) { try FaceRecognizer(model: model, device: device) }
        #expect(error?.code == .invalidModel)
    }

    @Test(arguments: [0, -1, 5000])
    func aBatchThatMakesNoSenseIsRefused(batch: Int) throws {
        let model = try calibratedModel()
        let device = try SelectedDevice(.cpu)
        #expect(errorCode { _ = try FaceRecognizer(model: model, device: device, batch: batch) } == .usage)
    }

    @Test func theBatchDoesNotChangeTheEmbedding() throws {
        let model = try tinyModel(seed: seed)
        let device = try SelectedDevice(.cpu)
        let images = faces(5, seed: seed)
        let single = try FaceRecognizer(model: model, device: device)
        let several = try FaceRecognizer(model: model, device: device, batch: 3)
        let embeddings = try several.embed(images)
        #expect(embeddings.count == 5)
        for (image, embedding) in zip(images, embeddings) {
            let alone = try single.embed([image])[0]
            #expect(zip(alone.values, embedding.values).allSatisfy { abs($0 - $1) < 1e-5 })
            #expect(abs(cosine(alone.values, alone.values) - 1) < 1e-9)
            let length = alone.values.reduce(0) { $0 + Double($1) * Double($1) }
            #expect(abs(length - 1) < 1e-5)
        }
        #expect(try several.embed([]).isEmpty)
    }
}
