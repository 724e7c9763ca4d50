import Foundation
import ONNXFuzzing
import SemblanceCore
import SemblanceONNX
import SemblanceTestSupport
import Testing

/// Files that are damaged or made to do harm: an error that names the file, and never a crash.
@Suite struct HostileFileTests {
    typealias M = HandmadeModel

    /// What is wrong, and the file.
    static let spoilt: [(String, M)] = [
        ("two nodes compute", spoil { $0.nodes.append(M.node("Relu", ["x"], "c")) }),
        ("which nothing before it defines", spoil { $0.nodes[1] = M.node("Add", ["c", "nowhere"], "y") }),
        ("depends on an input", spoil { $0.nodes[1] = M.node("Relu", ["nowhere"], "y") }),
        ("which nothing before it defines", spoil { $0.nodes[0] = M.node("Add", ["y", "x"], "c") }),
        ("which nothing before it defines", spoil { $0.nodes[1] = M.node("Add", ["y", "c"], "y") }),
        ("depends on an input", spoil { $0.nodes.reverse() }),
        ("not computed from the input", spoil { $0.outputs.append(M.value("nowhere", [nil])) }),
        ("not computed from the input", spoil { $0.outputs.append(M.value("x", [nil])) }),
        ("no output", spoil { $0.outputs = [] }),
        ("listed twice", spoil { $0.outputs.append($0.outputs[0]) }),
        ("depends on an input", spoil { $0.inputs = [] }),
        (
            "several inputs",
            spoil {
                $0.inputs.append(M.value("z", [nil, 3, 4, 4]))
                $0.nodes[1] = M.node("Add", ["c", "z"], "y")
            }
        ),
        ("leaves the size of its input open", spoil { $0.inputs = [M.value("x", [nil, 2, nil, 4])] }),
        ("leaves the size of its input open", spoil { $0.inputs = [M.value("x", [nil, 2, -4, 4])] }),
        ("no shape", spoil { $0.inputs = [M.value("x", [nil])] }),
        ("would have the shape", spoil { $0.inputs = [M.value("x", [nil, 2, 1 << 40, 1 << 40])] }),
        ("would have the shape", spoil { $0.inputs = [M.value("x", [nil, 2, .max, .max])] }),
        ("two tensors have the name", spoil { $0.tensors.append($0.tensors[0]) }),
        ("is defined twice", spoil { $0.tensors.append(M.tensor("c", [1])) }),
        ("the impossible shape", spoil { $0.tensors = [M.tensor("w", [-3, -2, 1, 1], byteCount: 24)] }),
        ("the impossible shape", spoil { $0.tensors = [Self.endless] }),
        (
            "does not hold the 6 elements",
            spoil { $0.tensors = [M.tensor("w", [3, 2, 1, 1], byteCount: 23)] }
        ),
        ("does not hold the 6 elements", spoil { $0.tensors = [M.tensor("w", [3, 2, 1, 1], byteCount: 0)] }),
        ("does not hold", spoil { $0.tensors = [M.tensor("w", [1 << 20, 1 << 20, 1, 1], byteCount: 24)] }),
        ("has the element type 8", spoil { $0.tensors = [M.tensor("w", [3, 2, 1, 1], type: 8)] }),
        ("groups", spoil { $0.tensors = [M.tensor("w", [3, 1, 1, 1])] }),
        ("cannot serve as weight", spoil { $0.tensors = [M.tensor("w", [0, 2, 1, 1])] }),
        (
            "out of range",
            spoil { $0.nodes[0] = M.node("Conv", ["x", "w"], "c", [M.integers("strides", [0, 1])]) }
        ),
        (
            "out of range",
            spoil { $0.nodes[0] = M.node("Conv", ["x", "w"], "c", [M.integers("pads", [-1, 0, 0, 0])]) }
        ),
        (
            "out of range",
            spoil { $0.nodes[0] = M.node("MaxPool", ["x"], "c", [M.integers("kernel_shape", [.max, .min])]) }
        ),
        (
            "does not fit",
            spoil { $0.nodes[0] = M.node("AveragePool", ["x"], "c", [M.integers("kernel_shape", [5, 5])]) }
        ),
        (
            "wrong length",
            spoil { $0.nodes[0] = M.node("Conv", ["x", "w"], "c", [M.integers("pads", [1, 1])]) }
        ),
        ("wrong type", spoil { $0.nodes[0] = M.node("Conv", ["x", "w"], "c", [M.integer("pads", 1)]) }),
        (
            "given twice",
            spoil {
                $0.nodes[0] = M.node(
                    "Conv", ["x", "w"], "c", [M.integer("group", 1), M.integer("group", 1)])
            }
        ),
        ("groups", spoil { $0.nodes[0] = M.node("Conv", ["x", "w"], "c", [M.integer("group", .min)]) }),
        ("input 1 is missing", spoil { $0.nodes[0] = M.node("Conv", ["x"], "c") }),
        (
            "does not permute",
            spoil { $0.nodes[1] = M.node("Transpose", ["c"], "y", [M.integers("perm", [0, 1, 1, 9])]) }
        ),
        ("no axis", spoil { $0.nodes[1] = M.node("Concat", ["c", "c"], "y", [M.integer("axis", .min)]) }),
        ("cannot take the shape", reshaped([0, 7])),
        ("makes no sense", reshaped([-1, -1])),
        ("makes no sense", reshaped([0, .min])),
        ("cannot take the shape", reshaped([0, .max, .max])),
        ("folds other axes into the batch", reshaped([3, 16])),
        ("far more memory", greedy),
        ("more than 10000 operations", endlessChain),
        ("arithmetic on the batch size", computed("Mul", "s", "s")),
        ("arithmetic on the batch size", computed("Less", "s", "one")),
        ("out of range", computed("Div", "one", "zero")),
        ("out of range", computed("Mul", "large", "large")),
        ("do not go together", computed("Add", "s", "three")),
        ("far more memory", computed("Expand", "one", "large")),
        ("far more memory", computed("ConstantOfShape", "large")),
        ("a range of", computed("Range", "zero", "large", "one")),
        ("there is no axis 9", computed("Gather", "three", "nine")),
        ("supported for constants only", spoil { $0.nodes[1] = M.node("Floor", ["c"], "y") }),
        ("nothing is left of axis 2", computed("Pad", "c", "pads")),
        ("pads of", computed("Pad", "c", "three")),
        ("would have the shape", computed("Pad", "c", "huge")),
        ("pads the batch", computed("Pad", "c", "batch")),
        ("there is no axis 4", spoil { $0.nodes[1] = M.node("Softmax", ["c"], "y", [M.integer("axis", 4)]) }),
        (
            "goes over the batch",
            spoil { $0.nodes[1] = M.node("Softmax", ["c"], "y", [M.integer("axis", 0)]) }
        ),
        ("holds no integers", dequantised(M.tensor("q", [3, 2]), scale: [3, 1])),
        ("for blocks of 2", dequantised(scale: [3, 2])),
        ("for blocks of 2", dequantised(scale: [3])),
        ("for axis 1", dequantised(scale: [3], block: 0)),
        ("for axis 1", dequantised(scale: [3], block: -2)),
        ("there is no axis 2", dequantised(scale: [3, 1], axis: 2)),
        ("the zero points", dequantised(scale: [3, 1], zeros: [3])),
        (
            "quantised by QuantizeLinear only",
            spoil { $0.nodes[0] = M.node("DequantizeLinear", ["x", "w"], "c") }
        ),
    ]

    /// Dimensions whose product overflows.
    private static let endless = [1 << 62, 1 << 62, 1, 1].reduce(Message()) { $0.integer(1, $1) }.integer(
        2, 1
    )
    .text(8, "w").data(9, [])

    private static func spoil(_ change: (inout M) -> Void) -> M {
        var model = M()
        change(&model)
        return model
    }

    private static func reshaped(_ shape: [Int]) -> M {
        spoil {
            $0.nodes[1] = M.node("Reshape", ["c", "shape"], "y")
            $0.tensors.append(M.tensor("shape", integers: shape))
        }
    }

    /// The input's shape, and arithmetic on constants that gives the shape of a Reshape.
    private static func computed(_ name: String, _ inputs: String...) -> M {
        spoil {
            $0.nodes[1] = M.node("Shape", ["c"], "s")
            $0.nodes += [M.node(name, inputs, "r"), M.node("Reshape", ["c", "r"], "y")]
            let constants = [
                "zero": [0], "one": [1], "three": [1, 2, 3], "nine": [9], "large": [1 << 40],
                "pads": [0, 0, -2, 0, 0, 0, -2, 0], "batch": [1, 0, 0, 0, 0, 0, 0, 0],
                "huge": [0, 0, 1 << 29, 1 << 29, 0, 0, 0, 0],
            ]
            $0.tensors += constants.sorted { $0.key < $1.key }.map { M.tensor($0.key, integers: $0.value) }
        }
    }

    /// A weight of bytes [3,2] in blocks of 2.
    private static func dequantised(
        _ tensor: Message = M.tensor("q", [3, 2], byteCount: 6, type: 3), scale: [Int], zeros: [Int]? = nil,
        axis: Int = 1, block: Int = 2
    ) -> M {
        spoil {
            let attributes = [M.integer("axis", axis), M.integer("block_size", block)]
            $0.tensors = [tensor, M.tensor("s", scale), M.tensor("shape", integers: [3, 2, 1, 1])]
            if let zeros { $0.tensors.append(M.tensor("z", zeros, byteCount: zeros.reduce(1, *), type: 3)) }
            let inputs = ["q", "s"] + (zeros == nil ? [] : ["z"])
            $0.nodes =
                [
                    M.node("DequantizeLinear", inputs, "d", attributes),
                    M.node("Reshape", ["d", "shape"], "w"),
                ] + $0.nodes
        }
    }

    /// One matrix that a thousand nodes want in another form each.
    private static let greedy = spoil {
        $0.inputs = [M.value("x", [nil, 256])]
        $0.tensors = [M.tensor("w", [256, 256])]
        $0.nodes = (0..<1000).map { index in
            M.node(
                "Gemm", [index == 0 ? "x" : "y\(index - 1)", "w"], index == 999 ? "y" : "y\(index)",
                [M.float("alpha", Float(index))])
        }
    }

    private static let endlessChain = spoil {
        $0.nodes = (0...10_000).map {
            M.node("Relu", [$0 == 0 ? "x" : "y\($0)"], $0 == 10_000 ? "y" : "y\($0 + 1)")
        }
    }

    @Test func startsFromASoundModel() throws {
        let weights = Self.dequantised(scale: [3, 1], zeros: [3, 1])
        #expect(try ONNXModel.read(bytes: weights.bytes, name: "sound").network.nodes.count == 2)
        let network = try ONNXModel.read(bytes: M().bytes, name: "sound").network
        #expect(network.inputShape == [2, 4, 4] && network.nodes.count == 2)
        #expect(
            try reference(network, [Float](repeating: 1, count: 64), batch: 2) == [
                [Float](repeating: 1, count: 96)
            ])
    }

    @Test(arguments: spoilt.indices)
    func refusesSpoiltModel(index: Int) throws {
        let (reason, model) = Self.spoilt[index]
        do {
            _ = try ONNXModel.read(bytes: model.bytes, name: "spoilt.onnx")
            Issue.record("nothing was wrong although: \(reason)")
        } catch {
            #expect("\(error)".hasPrefix("spoilt.onnx: ") && "\(error)".contains(reason), "\(error)")
            #expect([.invalidModel, .unsupportedOperation].contains(error.code))
        }
    }

    @Test func namesNodeAndOperatorThatItLacks() throws {
        let model = Self.spoil { $0.nodes[1] = M.node("Einsum", ["c"], "y") }
        let other = Self.spoil { $0.nodes[1] = M.node("Relu", ["c"], "y", domain: "com.example") }
        for (model, name) in [(model, "Einsum"), (other, "com.example")] {
            do {
                _ = try ONNXModel.read(bytes: model.bytes, name: "m.onnx")
                Issue.record("\(name) was read")
            } catch {
                #expect(error.code == .unsupportedOperation)
                #expect(error.message.contains("node of y") && error.message.contains(name))
            }
        }
        // Nothing depends on it: no reason to refuse.
        let unused = Self.spoil { $0.nodes.append(M.node("Einsum", ["c"], "unused")) }
        #expect(try ONNXModel.read(bytes: unused.bytes, name: "m.onnx").network.nodes.count == 2)
    }

    @Test func messagesHoldNoControlCharacters() throws {
        let model = Self.spoil {
            $0.nodes[1] = M.node("Relu", ["\u{1B}[31m\n" + String(repeating: "a", count: 100_000)], "y")
        }
        do {
            _ = try ONNXModel.read(bytes: model.bytes, name: "m.onnx")
            Issue.record("nothing was wrong")
        } catch {
            #expect(error.message.utf8.allSatisfy { $0 >= 32 } && error.message.count < 500)
        }
    }

    @Test func refusesWhatIsNoFile() throws {
        try withTemporaryFolder { folder in
            #expect(code { try ONNXModel.read(path: folder + "/none.onnx") } == .invalidInput)
            #expect(code { try ONNXModel.read(path: folder) } == .invalidInput)
            let path = folder + "/empty.onnx"
            try Data().write(to: URL(filePath: path))
            #expect(code { try ONNXModel.read(path: path) } == .invalidModel)
            try Data("not a model at all, but text".utf8).write(to: URL(filePath: path))
            #expect(code { try ONNXModel.read(path: path) } == .invalidModel)
        }
    }

    /// Every length that a file can be cut to.
    @Test func survivesTruncation() throws {
        for bytes in try Self.specimens() {
            for length in stride(from: 0, to: bytes.count, by: max(1, bytes.count / 1500)) {
                if case .wrong(let reason) = Trial(Array(bytes.prefix(length))) {
                    Issue.record("\(length) bytes: \(reason)")
                }
            }
        }
    }

    /// What `make fuzz` does for longer, and with an eye on crashes, time and memory.
    @Test(.timeLimit(.minutes(2)))
    func survivesMutation() throws {
        let seed = UInt64.random(in: .min ... .max)
        print("mutations, seed \(seed)")
        let mutator = Mutator(specimens: try Self.specimens(), seed: seed)
        var accepted = 0
        let start = ContinuousClock.now
        var count = 0
        while count < 20_000, ContinuousClock.now - start < .seconds(10) {
            count += 1
            let (bytes, shape) = mutator.mutant(count)
            switch Trial(bytes, inputShape: shape) {
            case .read: accepted += 1
            case .refused: break
            case .wrong(let reason): Issue.record("number \(count): \(reason)")
            }
        }
        print("\(count) mutations, \(accepted) of them still models")
        // Most are refused and some are not, or the mutations miss what they are for.
        #expect(count >= 1000 && accepted > count / 100 && accepted < count / 2)
    }

    /// Committed graphs, the writer's files, and those of this suite.
    private static func specimens() throws -> [[UInt8]] {
        var random = RandomSource(seed: 3)
        let graphs =
            ["assorted-opset13", "mobilefacenet-opset17", "heads-opset16", "heads-dynamo-opset21"]
            .map { "Graphs/\($0)" } + OperatorFormTests.names.map { "Forms/\($0)" }
        return try graphs.map { [UInt8](try Data(contentsOf: URL(filePath: committed("\($0).onnx")))) }
            + ["operations", "matrices", "fused"].map {
                try ONNXModel(network: Zoo.network($0, &random)).serialised()
            }
            + [M().bytes, reshaped([0, -1]).bytes]
    }
}
