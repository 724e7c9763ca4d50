import Foundation
import SemblanceCore
import SemblanceTestSupport
import Testing

/// Inputs and PyTorch's results, written by generate_torch_vectors.py.
struct TorchVector: Decodable, Sendable {
    struct Values: Decodable, Sendable {
        var shape: [Int]
        var values: [Double]
    }

    var name: String
    var attributes: [String: Double]
    var tensors: [String: Values]

    /// The cases of a file, found beside this source so that no resource bundle is needed.
    static func load(_ file: String, at source: String = #filePath) throws -> [TorchVector] {
        let folder = URL(fileURLWithPath: source).deletingLastPathComponent()
        let data = try Data(contentsOf: folder.appending(path: "Vectors/\(file).json"))
        let vectors = try JSONDecoder().decode([TorchVector].self, from: data)
        try #require(!vectors.isEmpty, "\(file).json holds no case")
        return vectors
    }

    func tensor(_ name: String) throws -> Values {
        try #require(tensors[name], "\(self.name) has no tensor \(name)")
    }

    func attribute(_ name: String) throws -> Double {
        try #require(attributes[name], "\(self.name) has no attribute \(name)")
    }

    func extent(_ name: String) throws -> Extent {
        try Extent(Int(attribute(name + "Height")), Int(attribute(name + "Width")))
    }

    /// The window of convolutions and poolings, with the same padding on opposite sides.
    func window() throws -> Window {
        let padding = try extent("padding")
        return try Window(
            kernel: extent("kernel"), stride: extent("stride"),
            padding: Padding(
                top: padding.height, left: padding.width, bottom: padding.height, right: padding.width),
            dilation: attributes["dilationHeight"] == nil ? Extent(1) : extent("dilation"))
    }

    /// Runs one operation on a backend and compares each output with the tensor of that name.
    /// - Parameter before: what in-place outputs hold at the start, by their names.
    func expect(
        _ op: Op, _ inputs: [String], gives outputs: [String], before: [String: String] = [:],
        on backend: TestBackend, at location: SourceLocation = #_sourceLocation
    ) throws {
        var program = Program()
        let inputIDs = try inputs.map { program.add($0, Shape(try tensor($0).shape), .input) }
        let outputIDs = try outputs.map { name in
            program.add(name, Shape(try tensor(name).shape), before[name] == nil ? .output : .state)
        }
        program.append(op, inputIDs, into: outputIDs)
        let plan = try backend.backend.prepare(program, options: PlanOptions())
        for (name, id) in zip(inputs, inputIDs) {
            try plan.write(tensor(name).values.map { Float($0) }, to: id)
        }
        for (name, id) in zip(outputs, outputIDs) {
            if let start = before[name] { try plan.write(tensor(start).values.map { Float($0) }, to: id) }
        }
        try plan.run()
        for (name, id) in zip(outputs, outputIDs) {
            try expect(plan.read(id), is: name, "\(op.name)", on: backend, at: location)
        }
    }

    func expect(
        _ got: [Float], is name: String, _ detail: String, on backend: TestBackend,
        tolerance: Double = Tolerances.torch, at location: SourceLocation = #_sourceLocation
    ) throws {
        let want = try tensor(name)
        let failure = Tolerance.relativeToLargest(tolerance)
            .failure(got: got, want: want.values, shape: Shape(want.shape))
        #expect(failure == nil, "\(detail), \(name) of \(self.name) on \(backend)", sourceLocation: location)
    }
}
