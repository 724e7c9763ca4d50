import Foundation
import SemblanceCore
import SemblanceONNX
import SemblanceTestSupport
import Testing

/// Weights in files beside the model, whose place the model names.
@Suite struct ExternalDataTests {
    typealias M = HandmadeModel

    /// w [3,2,1,1] in another file.
    private static func model(_ entries: (String, String)...) -> [UInt8] {
        var model = M()
        let dimensions = [3, 2, 1, 1].reduce(Message()) { $0.integer(1, $1) }
        let settings = entries.map { Message().text(1, $0.0).text(2, $0.1) }
        model.tensors = [dimensions.integer(2, 1).text(8, "w").messages(13, settings).integer(14, 1)]
        return model.bytes
    }

    /// A folder with `model.onnx`, in `inner`, beside which `change` puts files, and what reading it gives.
    private static func read(_ bytes: [UInt8], beside change: (String) throws -> Void) throws -> Network {
        try withTemporaryFolder { folder in
            let inner = folder + "/inner"
            try FileManager.default.createDirectory(atPath: inner, withIntermediateDirectories: false)
            try Data(bytes).write(to: URL(filePath: inner + "/model.onnx"))
            try change(inner)
            return try ONNXModel.read(path: inner + "/model.onnx").network
        }
    }

    private static func write(_ values: [Float], to path: String) throws {
        try values.withUnsafeBytes { try Data($0).write(to: URL(filePath: path)) }
    }

    private static let values: [Float] = [9, 1, 2, 3, 4, 5, 6, 7]

    @Test func readsThePlaceThatIsNamed() throws {
        let cases: [([UInt8], [Float])] = [
            (Self.model(("location", "w.data")), [9, 1, 2, 3, 4, 5]),
            (Self.model(("location", "w.data"), ("offset", "4"), ("length", "24")), [1, 2, 3, 4, 5, 6]),
            (Self.model(("location", "w.data"), ("offset", "8"), ("checksum", "?")), [2, 3, 4, 5, 6, 7]),
        ]
        for (bytes, expected) in cases {
            let network = try Self.read(bytes) { try Self.write(Self.values, to: $0 + "/w.data") }
            #expect(network.parameters.map(\.tensor.values) == [expected])
        }
        // Further inside, and by a link that stays inside.
        let network = try Self.read(Self.model(("location", "part/link"))) { folder in
            try FileManager.default.createDirectory(
                atPath: folder + "/part", withIntermediateDirectories: false)
            try Self.write(Self.values, to: folder + "/w.data")
            try FileManager.default.createSymbolicLink(
                atPath: folder + "/part/link", withDestinationPath: "../w.data")
        }
        #expect(network.parameters.map(\.tensor.values) == [[9, 1, 2, 3, 4, 5]])
    }

    @Test(arguments: [
        "../outside", "/etc/hostname", "part/../../outside", "", ".", "part//w", "w.data/", "link",
        "linked/outside",
        "w\0.data",
    ])
    func staysInTheFolder(location: String) throws {
        #expect(
            code {
                try Self.read(Self.model(("location", location))) { folder in
                    try Self.write(Self.values, to: folder + "/../outside")
                    try Self.write(Self.values, to: folder + "/w.data")
                    try FileManager.default.createSymbolicLink(
                        atPath: folder + "/link", withDestinationPath: "../outside")
                    try FileManager.default.createSymbolicLink(
                        atPath: folder + "/linked", withDestinationPath: "..")
                }
            } == .invalidModel)
    }

    @Test(arguments: [
        [("offset", "12")], [("offset", "-4")], [("offset", "9223372036854775807")], [("offset", "four")],
        [("length", "20")], [("length", "-1")], [("length", "32")], [("offset", "33")],
    ])
    func staysInTheFile(settings: [(String, String)]) throws {
        let bytes = Self.model(("location", "w.data"), settings[0])
        #expect(
            code { try Self.read(bytes) { try Self.write(Self.values, to: $0 + "/w.data") } } == .invalidModel
        )
    }

    @Test func refusesWhatIsNoFile() throws {
        let bytes = Self.model(("location", "w.data"))
        #expect(code { try Self.read(bytes) { _ in } } == .invalidInput)
        #expect(
            code {
                try Self.read(bytes) {
                    try FileManager.default.createDirectory(
                        atPath: $0 + "/w.data", withIntermediateDirectories: false)
                }
            } == .invalidInput)
        // A pipe that nobody writes to.
        #expect(code { try Self.read(bytes) { mkfifo($0 + "/w.data", 0o600) } } == .invalidInput)
        #expect(code { try Self.read(Self.model()) { _ in } } == .invalidModel)
        #expect(code { try ONNXModel.read(bytes: bytes, name: "memory") } == .unsupportedOperation)
    }

    /// A terabyte of nothing, which the model wants a gigabyte of.
    @Test func refusesHoles() throws {
        var model = M()
        let dimensions = [1 << 14, 1 << 14, 1, 1].reduce(Message()) { $0.integer(1, $1) }
        let location = Message().text(1, "location").text(2, "hole")
        model.tensors = [dimensions.integer(2, 1).text(8, "w").message(13, location).integer(14, 1)]
        do {
            _ = try Self.read(model.bytes) { folder in
                #expect(FileManager.default.createFile(atPath: folder + "/hole", contents: nil))
                #expect(truncate(folder + "/hole", 1 << 40) == 0)
            }
            Issue.record("it was read")
        } catch let error as SemblanceError {
            #expect(error.message.contains("far more memory"), "\(error)")
        }
    }
}
