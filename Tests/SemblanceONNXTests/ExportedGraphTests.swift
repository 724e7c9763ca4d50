import Foundation
import SemblanceCore
import SemblanceONNX
import SemblanceTestSupport
import Testing

/// Graphs that PyTorch exported (export_graphs.py), read and compared with what PyTorch computed, and with ONNX Runtime.
@Suite struct ExportedGraphTests {
    static let names = [
        "iresnet-opset11", "iresnet-training-opset17", "iresnet-fixed-opset9", "iresnet-dynamo-opset20",
        "mobilefacenet-opset17", "mobilefacenet-training-opset12", "mobilefacenet-dynamo-opset18",
        "assorted-opset13", "assorted-dynamo-opset18", "heads-opset16", "heads-dynamo-opset21",
        "inception-opset11", "inception-training-opset14", "inception-dynamo-opset20",
        "variety-opset14", "variety-dynamo-opset20",
    ]

    /// A batch of 3 inputs [3,16,16] and PyTorch's outputs.
    static func data(_ name: String) throws -> (input: [Float], output: [Float]) {
        let values = try ONNXRuntime.floats(of: committed("Graphs/\(name).bin"))
        return (Array(values.prefix(3 * 3 * 16 * 16)), Array(values.dropFirst(3 * 3 * 16 * 16)))
    }

    @Test func allAreListed() throws {
        let files = try FileManager.default.contentsOfDirectory(atPath: committed("Graphs"))
        #expect(Set(files) == Set(Self.names.flatMap { ["\($0).onnx", "\($0).bin"] }))
    }

    @Test(arguments: names)
    func givesPyTorchsResult(name: String) throws {
        let model = try ONNXModel.read(path: committed("Graphs/\(name).onnx"))
        let (input, output) = try Self.data(name)
        let exact = try reference(model.network, input, batch: 3).flatMap { $0 }
        #expect(relativeDifference(output, exact) <= 1e-5)
        let fast = try optimised(model.network, input, batch: 3).flatMap { $0 }
        #expect(relativeDifference(output, fast) <= 1e-4)
        // Written by the engine and read again, it is still the same network.
        let again = try ONNXModel.read(bytes: model.serialised(), name: "memory")
        #expect(again.network.nodes.map(\.op) == model.network.nodes.map(\.op))
        #expect(try reference(again.network, input, batch: 3).flatMap { $0 } == exact)
    }

    @Test(
        .enabled(
            if: ONNXRuntime.python != nil,
            "needs ONNX Runtime: make setup, or name a Python that has it in SEMBLANCE_PYTHON"),
        arguments: names)
    func givesONNXRuntimesResult(name: String) throws {
        let seed = UInt64.random(in: .min ... .max)
        print("ONNX Runtime on \(name), seed \(seed)")
        var random = RandomSource(seed: seed)
        let path = committed("Graphs/\(name).onnx")
        let batch = name.contains("fixed") ? 1 : 3
        let input = noise(batch * 3 * 16 * 16, &random)
        let expected = try ONNXRuntime.run(model: path, input: input, batch: batch)
        let network = try ONNXModel.read(path: path).network
        #expect(
            relativeDifference(expected, try reference(network, input, batch: batch).flatMap { $0 }) <= 1e-5)
    }

    /// Batch norms exported for training come back as such, with everything that fine-tuning needs.
    @Test func keepsRolesForTraining() throws {
        let network = try ONNXModel.read(path: committed("Graphs/iresnet-training-opset17.onnx")).network
        var counts: [ParameterRole: Int] = [:]
        for parameter in network.parameters { counts[parameter.role, default: 0] += 1 }
        #expect(
            counts == [
                .weight: 17, .bias: 1, .slope: 7, .gamma: 24, .beta: 24, .runningMean: 24,
                .runningVariance: 24,
            ])
        let weight = network.parameters.first { $0.name == "conv1.weight" }
        #expect(weight?.tensor.shape == [4, 3, 3, 3] && weight?.role == .weight)
        let momenta = network.nodes.compactMap {
            if case .batchNorm(let norm) = $0.op { norm.momentum } else { nil }
        }
        #expect(momenta.allSatisfy { $0 == 0.1 })
    }
}
