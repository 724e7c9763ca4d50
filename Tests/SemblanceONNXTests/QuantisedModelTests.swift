import SemblanceCPU
import SemblanceCore
import SemblanceONNX
import SemblanceTestSupport
import Testing

/// Networks whose products have 8-bit operands: in files, in ONNX Runtime and on the CPU.
@Suite struct QuantisedModelTests {
    private func network(_ random: inout RandomSource) throws -> Network {
        var builder = NetworkBuilder(name: "bytes", input: [3, 16, 16], seed: random.next())
        try builder.convolution("stem", channels: 20, kernel: 3, padding: 1)
        try builder.batchNorm("norm1")
        try builder.prelu("act1")
        try builder.convolution("point", channels: 37, kernel: 1)
        try builder.batchNorm("norm2")
        try builder.prelu("act2")
        try builder.convolution("window", channels: 18, kernel: 3, stride: 2, padding: 1)
        try builder.flatten("flatten")
        try builder.fullyConnected("features", outputs: 24)
        let network = builder.finished().randomised(&random).optimised()
        let products = try network.quantisableProducts()
        #expect(products.map(\.node).count == 3, "all but the first layer")
        let program = try Program.inference(network, batch: 2)
        var levels: [String: Quantisation] = [:]
        for product in products {
            var watched = program
            let value = try #require(watched.value(named: product.input))
            watched.setStorage(.output, of: value)
            let plan = ReferenceBackend().plan(watched)
            let input = try #require(watched.value(named: network.inputName))
            try plan.write(noise(2 * 768, &random), to: input)
            try plan.run()
            let values = try plan.read(value)
            levels[product.input] = Quantisation(
                covering: (values.min() ?? 0)...(values.max() ?? 0))
        }
        return network.quantised(Set(products.map(\.node)), inputs: levels)
    }

    private func result(of network: Network, _ input: [Float], on backend: any Backend) throws -> [Float] {
        let program = try Program.inference(network.optimised(), batch: 2)
        let plan = try backend.prepare(program, options: PlanOptions())
        try plan.write(input, to: try #require(program.value(named: network.inputName)))
        try plan.run()
        return try plan.read(try #require(program.value(named: network.outputNames[0])))
    }

    @Test func survivesAFile() throws {
        let seed = UInt64.random(in: .min ... .max)
        print("quantised network, seed \(seed)")
        var random = RandomSource(seed: seed)
        let network = try network(&random)
        let model = ONNXModel(network: network)
        let bytes = try model.serialised()
        let read = try ONNXModel.read(bytes: bytes, name: "memory").network
        #expect(
            read.parameters.sorted { $0.name < $1.name }.map(\.tensor)
                == network.parameters.sorted { $0.name < $1.name }.map(\.tensor), "exact in floats")
        let input = noise(2 * 768, &random)
        let want = try result(of: network, input, on: ReferenceBackend()).map(Double.init)
        let tolerance = Tolerance.relativeL2(Tolerances.quantisedNetwork)
        var results = [
            "read again": try result(of: read, input, on: ReferenceBackend()),
            "bytes": try result(of: read, input, on: CPUBackend(threads: 2)),
            "floats": try result(of: read, input, on: CPUBackend(threads: 2, usesIntegers: false)),
        ]
        if ONNXRuntime.python == nil {
            print("SKIPPED: a quantised network in ONNX Runtime: there is no Python that has it")
        } else {
            results["ONNX Runtime"] = try withTemporaryFolder { folder in
                try model.write(to: folder + "/model.onnx")
                return try ONNXRuntime.run(model: folder + "/model.onnx", input: input, batch: 2)
            }
        }
        for (name, got) in results {
            let failure = tolerance.failure(got: got, want: want, shape: [2, 24])
            #expect(failure == nil, "\(name): \(failure ?? "")")
        }
    }

    /// Equalised channels change nothing.
    @Test func equalisesWithoutChange() throws {
        var random = RandomSource(seed: UInt64.random(in: .min ... .max))
        var builder = NetworkBuilder(name: "channels", input: [3, 8, 8], seed: 1)
        try builder.convolution("first", channels: 12, kernel: 3, padding: 1)
        try builder.prelu("act")
        try builder.convolution("second", channels: 9, kernel: 1)
        let network = builder.finished().randomised(&random).optimised()
        var equalised = network
        let products = try network.quantisableProducts()
        let peaks = (0..<12).map { _ in random.uniform(0.01...50) }
        equalised.equaliseChannels(before: products, peaks: [products[0].input: peaks])
        #expect(equalised.parameters.map(\.tensor) != network.parameters.map(\.tensor))
        let input = noise(2 * 192, &random)
        let want = try result(of: network, input, on: ReferenceBackend()).map(Double.init)
        let got = try result(of: equalised, input, on: ReferenceBackend())
        #expect(
            Tolerance.relativeToLargest(1e-6).failure(got: got, want: want, shape: [2, 9, 8, 8]) == nil)
    }

    private func quantiser(scale: [Int] = [], zeroType: Int = 2, last: String? = nil) -> HandmadeModel {
        var model = HandmadeModel()
        model.nodes = [
            HandmadeModel.node("QuantizeLinear", ["x", "s", "z"], "q"),
            HandmadeModel.node("DequantizeLinear", ["q", last ?? "s", "z"], "d"),
            HandmadeModel.node("Conv", ["d", "w"], "y"),
        ]
        model.tensors += [
            HandmadeModel.tensor("s", scale),
            HandmadeModel.tensor("z", scale, byteCount: zeroType == 6 ? 4 : 1, type: zeroType),
            HandmadeModel.tensor("w2", [], byteCount: 4),
        ]
        return model
    }

    @Test func readsAndRefusesForms() throws {
        let unsigned = try ONNXModel.read(bytes: quantiser().bytes, name: "m").network
        #expect(unsigned.nodes[0].op == .quantise(Quantisation(scale: 0.5, zero: 0)))
        let signed = try ONNXModel.read(bytes: quantiser(zeroType: 3).bytes, name: "m").network
        #expect(signed.nodes[0].op == .quantise(Quantisation(scale: 0.5, zero: 128)))
        var other = quantiser(last: "t")
        other.tensors.append(HandmadeModel.tensor("t", [], byteCount: 4))
        #expect(code { try ONNXModel.read(bytes: other.bytes, name: "m") } == .unsupportedOperation)
        #expect(
            code { try ONNXModel.read(bytes: quantiser(scale: [2], zeroType: 6).bytes, name: "m") }
                == .unsupportedOperation)
        #expect(
            code { try ONNXModel.read(bytes: quantiser(zeroType: 6).bytes, name: "m") }
                == .unsupportedOperation)
        var raw = quantiser()
        raw.nodes[1] = HandmadeModel.node("Relu", ["q"], "d")
        #expect(code { try ONNXModel.read(bytes: raw.bytes, name: "m") } == .unsupportedOperation)
        var zeroScale = quantiser()
        zeroScale.nodes[0] = HandmadeModel.node("QuantizeLinear", ["x", "w2", "z"], "q")
        zeroScale.nodes[1] = HandmadeModel.node("DequantizeLinear", ["q", "w2", "z"], "d")
        #expect(code { try ONNXModel.read(bytes: zeroScale.bytes, name: "m") } == .invalidModel)
    }
}
