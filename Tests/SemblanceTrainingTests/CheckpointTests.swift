import Foundation
import SemblanceCPU
import SemblanceCore
import SemblanceTraining
import Testing

@Suite(.serialized) struct CheckpointTests {
    /// A checkpoint's bytes, and where it was written.
    private func withCheckpoint(_ body: ([UInt8], String) throws -> Void) throws {
        let files = try PatternFolder(counts: [2, 2, 2], size: 16)
        let path = files.root + "/checkpoint"
        var options = quickOptions(epochs: 1)
        options.checkpointPath = path
        let trainer = try Trainer(network: tinyNetwork(size: 16), folder: files.folder(), options: options)
        _ = try trainer.run(on: try CPUBackend(threads: 1), reason: "test")
        try body([UInt8](Data(contentsOf: URL(fileURLWithPath: path))), path)
    }

    private func refusal(of bytes: [UInt8], at path: String) throws -> String? {
        try Data(bytes).write(to: URL(fileURLWithPath: path))
        do {
            _ = try Checkpoint(path: path)
            return nil
        } catch {
            #expect(error.code == .invalidInput)
            return error.description
        }
    }

    @Test func readsWhatItWrote() throws {
        try withCheckpoint { (bytes, path) throws in
            let checkpoint = try Checkpoint(path: path)
            #expect(try checkpoint.encoded() == bytes)
            #expect(checkpoint.header.network.name == "tiny")
            #expect(checkpoint.header.options.checkpointPath == path)
            #expect(checkpoint.parameters.allSatisfy { $0.isFinite } && !checkpoint.moments.isEmpty)
        }
    }

    @Test func refusesEveryTruncation() throws {
        try withCheckpoint { (bytes, path) throws in
            let lengths =
                Array(stride(from: 0, to: bytes.count, by: 1024)) + [1, 8, 15, 16, 19, 20, bytes.count - 1]
            for length in lengths {
                let text = try #require(
                    try refusal(of: Array(bytes.prefix(length)), at: path), "\(length) bytes were accepted")
                #expect(text.contains(path))
            }
        }
    }

    @Test func refusesDamage() throws {
        try withCheckpoint { (bytes, path) throws in
            var random = RandomSource(seed: 21)
            for _ in 0..<100 {
                var damaged = bytes
                let place = Int.random(in: damaged.indices, using: &random)
                damaged[place] ^= 1 << UInt8.random(in: 0..<8, using: &random)
                #expect(
                    try refusal(of: damaged, at: path) != nil, "a flipped bit in byte \(place) was accepted")
            }
            #expect(try refusal(of: bytes + [0], at: path)?.contains("damaged") == true)
            #expect(
                try refusal(of: Array("not a checkpoint, for sure".utf8), at: path)?.contains("no checkpoint")
                    == true)
        }
    }

    @Test func refusesAHeaderThatLies() throws {
        try withCheckpoint { (bytes, path) throws in
            // More parameters than there are, under a checksum that is right.
            var checkpoint = try Checkpoint(path: path)
            checkpoint.parameters += [0]
            #expect(
                try refusal(of: try checkpoint.encoded(), at: path)?.contains("does not fit its header")
                    == true)
        }
    }

    @Test func aMissingFileIsNamed() {
        let error = #expect(throws: SemblanceError.self) { try Checkpoint(path: "/no/such/checkpoint") }
        #expect(error?.message.contains("/no/such/checkpoint") == true)
    }
}
