import Foundation
import SemblanceCore
import SemblanceONNX
import SemblanceTestSupport
import Testing

private let modelFolder = ProcessInfo.processInfo.environment["SEMBLANCE_MODELS"]

/// The pretrained models that the engine is used with, compared with ONNX Runtime. SEMBLANCE_MODELS names their folder.
@Suite(
    .enabled(
        if: modelFolder != nil && ONNXRuntime.python != nil,
        "needs the pretrained models (SEMBLANCE_MODELS names their folder) and ONNX Runtime"))
struct PretrainedTests {
    struct Case: CustomTestStringConvertible {
        var model: String
        var height: Int
        var width: Int
        var batch: Int
        var testDescription: String { "\(model) \(height)x\(width), batch \(batch)" }
    }

    // As `make models` names them.
    static let embedder = "sface.onnx"
    static let detector = "yunet.onnx"

    @Test(arguments: [
        Case(model: embedder, height: 112, width: 112, batch: 1),
        Case(model: embedder, height: 112, width: 112, batch: 3),
        Case(model: detector, height: 640, width: 640, batch: 1),
        Case(model: detector, height: 320, width: 320, batch: 2),
        Case(model: detector, height: 96, width: 224, batch: 3),
        Case(model: detector, height: 32, width: 32, batch: 1),
    ])
    func givesONNXRuntimesResult(given: Case) throws {
        let path = try #require(modelFolder) + "/" + given.model
        let seed = UInt64.random(in: .min ... .max)
        print("ONNX Runtime on \(given.testDescription), seed \(seed)")
        var random = RandomSource(seed: seed)
        let shape: Shape = [3, given.height, given.width]
        let input = noise(given.batch * shape.count, &random).map { ($0 + 1) * 127.5 }
        let expected = try withTemporaryFolder { folder in
            let opened = folder + "/opened.onnx"
            try ONNXRuntime.runScript(
                committed("open_graph.py"), [path, opened, String(given.height), String(given.width)])
            return try ONNXRuntime.run(model: opened, input: input, batch: given.batch)
        }
        let network = try ONNXModel.read(path: path, inputShape: shape).network
        #expect(network.inputShape == shape)
        var position = 0
        for (name, output) in zip(network.outputNames, try optimised(network, input, batch: given.batch)) {
            let part = Array(expected.dropFirst(position).prefix(output.count))
            // ONNX Runtime's sigmoid is good to 1e-8 or so: of smaller probabilities nothing is known.
            #expect(relativeDifference(part, output, atLeast: 0.01) <= 1e-4, "\(name)")
            position += output.count
        }
        #expect(position == expected.count)
    }

    /// Without a size of the caller's, the file's own holds.
    @Test func keepsTheFilesSize() throws {
        let folder = try #require(modelFolder)
        #expect(try ONNXModel.read(path: folder + "/" + Self.detector).network.inputShape == [3, 640, 640])
        #expect(try ONNXModel.read(path: folder + "/" + Self.embedder).network.inputShape == [3, 112, 112])
    }
}
