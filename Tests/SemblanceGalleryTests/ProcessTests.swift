import Foundation
import SemblanceCore
import SemblanceGallery
import SemblanceTestSupport
import Testing

/// Processes that enroll, and what stays of their work.
@Suite(.serialized) struct ProcessTests {
    /// Beside the test's own executable.
    private static let writer: String = {
        let test = (try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")) ?? ""
        return URL(filePath: test).deletingLastPathComponent().appending(path: "GalleryWriter").path
    }()

    private final class Writer {
        let process = Process()
        private let log: String

        init(_ arguments: [String], environment: [String: String] = [:], log: String) throws {
            self.log = log
            for name in [log, log + ".err"] {
                _ = FileManager.default.createFile(atPath: name, contents: nil)
            }
            process.executableURL = URL(filePath: ProcessTests.writer)
            process.arguments = arguments
            process.environment = ProcessInfo.processInfo.environment.merging(environment) { $1 }
            process.standardOutput = try FileHandle(forWritingTo: URL(filePath: log))
            process.standardError = try FileHandle(forWritingTo: URL(filePath: log + ".err"))
            try process.run()
        }

        /// The batches that were acknowledged.
        var acknowledged: [Int] {
            get throws {
                // The last line may be cut off by the kill.
                let text = try String(contentsOfFile: log, encoding: .utf8)
                return text.split(separator: "\n", omittingEmptySubsequences: false).dropLast().compactMap {
                    Int($0)
                }
            }
        }

        var errors: String { (try? String(contentsOfFile: log + ".err", encoding: .utf8)) ?? "" }
    }

    /// The batches of a writer that are in the gallery, each of which must be whole.
    private func batches(of prefix: String, size: Int, in gallery: GalleryFile) throws -> Set<Int> {
        var counts: [Int: Int] = [:]
        for face in try gallery.everything() where face.photo.path.hasPrefix("/photos/\(prefix)/") {
            let parts = face.photo.path.split(separator: "/")
            counts[try #require(Int(parts[2])), default: 0] += 1
        }
        #expect(counts.values.allSatisfy { $0 == size }, "half a batch of \(prefix)")
        return Set(counts.keys)
    }

    @Test func nothingAcknowledgedIsLostToAKill() throws {
        var random = seededRandom()
        try withTemporaryFolder { folder in
            let path = folder + "/g"
            var total = 0, midway = 0
            for attempt in 0..<50 {
                let size = Int.random(in: 1...40, using: &random)
                let writer = try Writer([path, "w\(attempt)", "\(size)"], log: folder + "/log")
                // From before its first write to many batches later.
                usleep(UInt32.random(in: 0...90_000, using: &random))
                kill(writer.process.processIdentifier, SIGKILL)
                writer.process.waitUntilExit()
                #expect(writer.process.terminationReason == .uncaughtSignal, "\(writer.errors)")
                if FileManager.default.fileExists(atPath: path + "-journal") { midway += 1 }
                let acknowledged = try writer.acknowledged
                total += acknowledged.count
                guard let gallery = try? GalleryFile(path: path, for: attempt % 2 == 0 ? .reading : .writing)
                else {
                    #expect(total == 0, "attempt \(attempt): the gallery cannot be opened")
                    continue
                }
                let found = try batches(of: "w\(attempt)", size: size, in: gallery)
                #expect(found.isSuperset(of: acknowledged), "attempt \(attempt)")
                // One more may have been written and not yet announced.
                #expect(found.count - acknowledged.count <= 1)
                #expect(try gallery.problems() == [])
            }
            print("50 kills: \(total) batches acknowledged, \(midway) kills left a journal behind")
            #expect(total > 0)
        }
    }

    @Test func twoProcessesEnrollAtOnce() throws {
        try withTemporaryFolder { folder in
            let path = folder + "/g"
            let writers = try ["a", "b", "c"].map {
                try Writer([path, $0, "3", "60"], log: folder + "/" + $0)
            }
            for writer in writers {
                writer.process.waitUntilExit()
                #expect(writer.process.terminationStatus == 0, "\(writer.errors)")
                #expect(try writer.acknowledged == Array(0..<60))
            }
            let gallery = try GalleryFile(path: path, for: .reading)
            for prefix in ["a", "b", "c"] {
                #expect(try batches(of: prefix, size: 3, in: gallery) == Set(0..<60))
            }
            #expect(try gallery.problems() == [])
        }
    }

    @Test func aFullDiskLosesNothing() throws {
        try withTemporaryFolder { folder in
            let path = folder + "/g"
            let writer = try Writer(
                [path, "w", "50"], environment: ["GALLERY_WRITER_FILE_SIZE": "1200000"], log: folder + "/log")
            writer.process.waitUntilExit()
            #expect(writer.process.terminationStatus == 1)
            #expect(writer.errors.contains("no space left"), "\(writer.errors)")
            #expect(writer.errors.contains(path))
            let gallery = try GalleryFile(path: path, for: .reading)
            let acknowledged = try writer.acknowledged
            #expect(acknowledged.count > 3)
            #expect(try batches(of: "w", size: 50, in: gallery) == Set(acknowledged))
            #expect(try gallery.problems() == [])
        }
    }

    @Test(.enabled(if: getuid() == 0, "only root can start a process of another user"))
    func readOnlyFilesAndFoldersAreNamed() throws {
        try withTemporaryFolder { folder in
            let path = folder + "/g"
            let nobody = ["GALLERY_WRITER_USER": "65534"]
            chmod(folder, 0o755)
            // The program itself may lie where only root reaches.
            let copy = FileManager.default.temporaryDirectory.path
            func outcome() throws -> (status: Int32, errors: String) {
                let writer = try Writer(
                    [path, "w", "1", "2"], environment: nobody, log: copy + "/gallery-writer.log")
                writer.process.waitUntilExit()
                return (writer.process.terminationStatus, writer.errors)
            }
            // A folder without write access: no file can be made.
            let made = try outcome()
            #expect(made.status == 1 && made.errors.contains(path), "\(made.errors)")
            // A gallery that is there: it cannot be written, but it can be searched.
            try GalleryFile(
                path: path, creatingFor: ModelIdentity(architecture: "test", fingerprint: "0"), dimension: 8
            )
            .enroll([])
            chmod(path, 0o644)
            let file = try outcome()
            #expect(file.status == 1 && file.errors.contains("cannot be written to"), "\(file.errors)")
            // A file that may be written in a folder that may not: its journal has no place.
            chmod(path, 0o666)
            let journal = try outcome()
            #expect(journal.status == 1 && journal.errors.contains(path), "\(journal.errors)")
            #expect(try GalleryFile(path: path, for: .reading).faceCount == 0)
        }
    }
}
