import SemblanceCore
import SemblanceONNX
import SemblanceTestSupport
import Testing

/// What the writer writes, judged by ONNX's checker and by ONNX Runtime.
@Suite(
    .enabled(
        if: ONNXRuntime.python != nil,
        "needs ONNX Runtime: make setup, or name a Python that has it in SEMBLANCE_PYTHON"))
struct RuntimeTests {
    @Test(arguments: Zoo.names)
    func givesTheSameResult(name: String) throws {
        let seed = UInt64.random(in: .min ... .max)
        print("ONNX Runtime on \(name), seed \(seed)")
        var random = RandomSource(seed: seed)
        let network = try Zoo.network(name, &random).randomised(&random)
        let batch = 3
        let input = noise(batch * network.inputShape.count, &random)
        let expected = try withTemporaryFolder { folder in
            let path = folder + "/model.onnx"
            try ONNXModel(network: network, metadata: ["key": "value"]).write(to: path)
            return try ONNXRuntime.run(model: path, input: input, batch: batch)
        }
        let got = try reference(network, input, batch: batch)
        #expect(relativeDifference(expected, got.flatMap { $0 }) <= 1e-5)
        guard network.outputNames.count == 1, let output = got.first else { return }
        let embeddings = try optimised(network, input, batch: batch)
        let difference = embeddingDifference(expected, embeddings.flatMap { $0 }, width: output.count / batch)
        #expect(difference <= 1e-4, "embeddings of \(name)")
    }
}
