import Foundation
import SemblanceCore
import SemblanceONNX
import SemblanceTestSupport
import Testing

@Suite struct RoundTripTests {
    @Test(arguments: Zoo.names)
    func keepsNetworkAndResult(name: String) throws {
        let seed = UInt64.random(in: .min ... .max)
        print("round trip of \(name), seed \(seed)")
        var random = RandomSource(seed: seed)
        let network = try Zoo.network(name, &random).randomised(&random)
        let metadata = ["semblance.threshold": "0.31", "name": "Zoë", "empty": ""]
        let written = ONNXModel(network: network, metadata: metadata)
        let bytes = try written.serialised()
        let read = try ONNXModel.read(bytes: bytes, name: "memory")

        #expect(read.metadata == metadata)
        #expect(read.producer.name == "semblance")
        #expect(read.network.name == network.name)
        #expect(read.network.inputName == network.inputName)
        #expect(read.network.inputShape == network.inputShape)
        #expect(read.network.outputNames == network.outputNames)
        let used = Set(network.nodes.flatMap(\.inputs))
        let before = network.parameters.filter { used.contains($0.name) }.sorted { $0.name < $1.name }
        let after = read.network.parameters.sorted { $0.name < $1.name }
        #expect(before.map(\.name) == after.map(\.name))
        #expect(before.map(\.role) == after.map(\.role))
        #expect(before.map(\.tensor) == after.map(\.tensor))
        if name != "fused" {
            // Fused convolutions come back as nodes of their own.
            #expect(read.network.nodes.map(\.op) == network.nodes.map(\.op))
            #expect(read.network.nodes.map(\.inputs) == network.nodes.map(\.inputs))
            #expect(read.network.nodes.map(\.output) == network.nodes.map(\.output))
            #expect(try ONNXModel(network: read.network, metadata: metadata).serialised() == bytes)
        }

        let input = noise(3 * network.inputShape.count, &random)
        let expected = try reference(network, input, batch: 3)
        let got = try reference(read.network, input, batch: 3)
        #expect(expected.count == got.count && expected.allSatisfy { $0.contains { $0 != 0 } })
        for (a, b) in zip(expected, got) { #expect(relativeDifference(a, b) <= 1e-6) }
    }

    @Test func writesFilesWhole() throws {
        try withTemporaryFolder { folder in
            var random = RandomSource(seed: 1)
            let model = ONNXModel(network: try Zoo.network("matrices", &random))
            let path = folder + "/model.onnx"
            try Data("old".utf8).write(to: URL(filePath: path))
            try model.write(to: path)
            #expect(try ONNXModel.read(path: path).network.nodes.count == model.network.nodes.count)
            #expect(try FileManager.default.contentsOfDirectory(atPath: folder) == ["model.onnx"])
            #expect(throws: SemblanceError.self) { try model.write(to: folder + "/none/model.onnx") }
        }
    }

    @Test func refusesWhatCannotBeWritten() throws {
        var random = RandomSource(seed: 2)
        var network = try Zoo.network("matrices", &random)
        network.nodes[1].op = .sumOfSquares
        #expect(code { try ONNXModel(network: network).serialised() } == .unsupportedOperation)
        network = try Zoo.network("matrices", &random)
        network.nodes[1].output = "flatten"
        #expect(code { try ONNXModel(network: network).serialised() } == .invalidModel)
        network = try Zoo.network("matrices", &random)
        network.outputNames = ["nothing"]
        #expect(code { try ONNXModel(network: network).serialised() } == .invalidModel)
    }
}

/// The code of the error that `body` throws.
func code<Result>(_ body: () throws -> Result) -> SemblanceError.Code? {
    do {
        _ = try body()
        return nil
    } catch {
        return (error as? SemblanceError)?.code
    }
}
