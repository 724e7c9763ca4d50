import Semblance
import SemblanceCore
import SemblanceImaging
import SemblanceTestSupport
import Testing

@Suite struct QuantiserTests {
    private func device() throws -> SelectedDevice { try SelectedDevice(.cpu, threads: 2) }

    private func views(_ count: Int, seed: UInt64) -> [ImageView] {
        faces(count, seed: seed).map { ImageView($0.resized(width: 32, height: 32)) }
    }

    @Test func keepsEmbeddingsAndIsAnotherModel() throws {
        let seed = freshSeed("quantiser")
        let model = try tinyModel(seed: seed)
        let device = try device()
        let made = try Quantiser(model, on: device).quantised(
            views(32, seed: seed), allowedDifference: 0.05)
        let summary = try #require(made.description.quantisation)
        #expect(summary.faces == 16 && summary.measuredFaces == 16)
        #expect(!summary.layers.isEmpty && summary.loss < 0.02 && summary.share > 0)
        #expect(made.identity != model.identity && made.architecture == "tiny-int8")
        try withTemporaryFolder { folder in
            let path = folder + "/model.onnx"
            try made.write(to: path)
            let read = try RecognitionModel(path: path)
            #expect(read.identity == made.identity && read.description == made.description)
            let images = faces(8, seed: seed + 1)
            let before = try FaceRecognizer(model: made, device: device).embed(images)
            let after = try FaceRecognizer(model: read, device: device).embed(images)
            #expect(before.map(\.values) == after.map(\.values))
            let float = try FaceRecognizer(model: model, device: device).embed(images)
            for (a, b) in zip(float, after) {
                let cosine = zip(a.values, b.values).reduce(0) { $0 + $1.0 * $1.1 }
                #expect(cosine > 0.95)
            }
        }
    }

    /// What is allowed is measured in what it does to cosines, and layers are left in floats for it.
    @Test func aSmallerDifferenceLeavesLayersInFloats() throws {
        let network = try Architecture.mobileFaceNet.network(size: 32, seed: 1)
        let model = RecognitionModel(
            network: network,
            description: ModelDescription(
                input: try InputFormat(trainingInputOf: network),
                calibration: .uncalibrated(reason: "the weights are random")))
        let quantiser = Quantiser(model, on: try device())
        let faces = views(64, seed: freshSeed("differences"))
        func summary(_ allowed: Double) throws -> QuantisationSummary {
            let made = try quantiser.quantised(faces, allowedDifference: allowed)
            return try #require(made.description.quantisation)
        }
        let all = try summary(1)
        let half = try summary(all.meanCosineDifference / 2)
        #expect(all.floatLayers.isEmpty && !half.floatLayers.isEmpty && half.share < all.share)
        let part = half.meanCosineDifference / all.meanCosineDifference
        #expect(part > 0.2 && part < 0.75, "\(part)")
    }

    @Test func refuses() throws {
        let model = try tinyModel(seed: 3)
        let quantiser = Quantiser(model, on: try device())
        #expect(throws: SemblanceError.self) {
            try quantiser.quantised(views(8, seed: 1), allowedDifference: 0.1)
        }
        #expect(throws: SemblanceError.self) {
            try quantiser.quantised(views(16, seed: 1), allowedDifference: 0)
        }
        let made = try quantiser.quantised(views(16, seed: 1), allowedDifference: 0.1)
        #expect(throws: SemblanceError.self) {
            try Quantiser(made, on: device()).quantised(views(16, seed: 1), allowedDifference: 0.1)
        }
    }
}
