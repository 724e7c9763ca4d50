import Foundation
import SemblanceCore
import SemblanceONNX
import SemblanceTestSupport
import Testing

@Suite struct MetadataEntryTests {
    private func entry(_ key: String, _ value: String) -> Message { Message().text(1, key).text(2, value) }

    /// A block-quantised graph of operator set 21, which the engine's own writer would write as another.
    @Test func allElseStaysToTheByte() throws {
        let file = try [UInt8](Data(contentsOf: URL(filePath: committed("Forms/dequantise-blocks.onnx"))))
        let marked = try ONNXModel.setting(["a": "1", "b": "Zoë"], in: file)
        #expect(marked.starts(with: file) && marked.count > file.count)
        let read = try ONNXModel.read(bytes: marked, name: "marked")
        let plain = try ONNXModel.read(bytes: file, name: "plain")
        #expect(read.metadata == plain.metadata.merging(["a": "1", "b": "Zoë"]) { $1 })
        #expect(read.network.nodes.map(\.op) == plain.network.nodes.map(\.op))
        #expect(read.network.parameters.map(\.tensor) == plain.network.parameters.map(\.tensor))
        // The same again is the same file; another value takes the old one's place.
        #expect(try ONNXModel.setting(["a": "1", "b": "Zoë"], in: marked) == marked)
        let changed = try ONNXModel.read(bytes: ONNXModel.setting(["a": "2"], in: marked), name: "changed")
        #expect(changed.metadata["a"] == "2" && changed.metadata["b"] == "Zoë")
    }

    @Test func anEntryGoesFromWhereverItWas() throws {
        let before = Message().integer(1, 8).text(2, "somebody").message(14, entry("kept", "x"))
        let file = before.message(14, entry("a", "old")).text(6, "a doc string").message(
            14, entry("a", "older"))
        let expected = before.text(6, "a doc string").message(14, entry("a", "new"))
        #expect(try ONNXModel.setting(["a": "new"], in: file.bytes) == expected.bytes)
    }

    @Test func damagedBytesAreRefused() throws {
        let file = Message().integer(1, 8).message(14, entry("a", "old")).bytes
        #expect(throws: SemblanceError.self) { try ONNXModel.setting(["a": ""], in: file.dropLast(2)) }
    }
}

extension ONNXModel {
    fileprivate static func setting(_ metadata: [String: String], in bytes: ArraySlice<UInt8>) throws
        -> [UInt8]
    {
        try setting(metadata, in: Array(bytes))
    }
}
