import Foundation
import SemblanceCore
import SemblanceONNX
import SemblanceTestSupport
import Testing

/// Forms of operators that other exporters write (make_forms.py), compared with what ONNX Runtime computed.
@Suite struct OperatorFormTests {
    static let names: [String] = {
        let files = (try? FileManager.default.contentsOfDirectory(atPath: committed("Forms"))) ?? []
        return files.filter { $0.hasSuffix(".onnx") }.map { String($0.dropLast(5)) }.sorted()
    }()

    @Test func allAreThere() { #expect(Self.names.count == 104) }

    @Test(arguments: names)
    func givesONNXRuntimesResult(name: String) throws {
        let network = try ONNXModel.read(path: committed("Forms/\(name).onnx")).network
        let values = try ONNXRuntime.floats(of: committed("Forms/\(name).bin"))
        let size = 3 * 4 * 6 * 6
        let got = try reference(network, Array(values.prefix(size)), batch: 3).flatMap { $0 }
        #expect(network.outputNames == ["y"])
        #expect(relativeDifference(Array(values.dropFirst(size)), got) <= 1e-5)
        let again = try ONNXModel.read(bytes: ONNXModel(network: network).serialised(), name: "memory")
        #expect(try reference(again.network, Array(values.prefix(size)), batch: 3).flatMap { $0 } == got)
    }

    /// Nothing is left to compute of what only depends on constants and sizes.
    @Test(arguments: [
        ("fold-weight-norm", 1), ("fold-batch-norm", 2), ("fold-form", 1), ("fold-range", 1),
        ("fold-sizes", 1),
        ("constant-chains", 1), ("half-weights", 1), ("shape-arithmetic", 1), ("dequantise-blocks", 1),
    ])
    func foldsConstants(name: String, count: Int) throws {
        #expect(try ONNXModel.read(path: committed("Forms/\(name).onnx")).network.nodes.count == count)
    }

    /// Exporters merge vectors that start equal; training must not.
    @Test func separatesMergedVectors() throws {
        let network = try ONNXModel.read(path: committed("Forms/shared-statistics.onnx")).network
        #expect(network.parameters.count == 8)
        #expect(Set(network.parameters.map(\.name)).count == 8)
    }

    /// A bias that the file adds in a node of its own is trained as a bias, unless the bare product is needed too.
    @Test func findsBiases() throws {
        let mobile = try ONNXModel.read(path: committed("Graphs/assorted-opset13.onnx")).network
        #expect(mobile.parameters.contains { $0.name == "offset" && $0.role == .bias })
        let shared = try ONNXModel.read(path: committed("Forms/matmul-add-shared.onnx")).network
        #expect(shared.parameters.contains { $0.name == "b" && $0.role == .constant })
    }
}
