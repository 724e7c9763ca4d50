import Foundation
import SemblanceCore
import Testing

@Suite struct FileTests {
    /// A new folder, removed at the end of the scope.
    private final class Folder {
        let path = FileManager.default.temporaryDirectory.appending(path: "semblance-\(UUID().uuidString)")
            .path

        init() throws {
            try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
        }

        deinit { try? FileManager.default.removeItem(atPath: path) }

        var contents: [String] {
            get throws { try FileManager.default.contentsOfDirectory(atPath: path).sorted() }
        }
    }

    @Test func writesReplacesAndLeavesNothingElse() throws {
        let folder = try Folder()
        let path = folder.path + "/model.onnx"
        for content in [[UInt8](), [1, 2, 3], [UInt8](repeating: 7, count: 300_000), [9]] {
            try writeAtomically(content, to: path)
            #expect(try readFile(path) == content)
            #expect(try folder.contents == ["model.onnx"])
        }
    }

    @Test func keepsModeAndFollowsLinks() throws {
        let folder = try Folder()
        let (target, link) = (folder.path + "/target", folder.path + "/link")
        try writeAtomically([1], to: target)
        try #require(chmod(target, 0o640) == 0)
        try FileManager.default.createSymbolicLink(atPath: link, withDestinationPath: "target")
        try writeAtomically([2], to: link)
        #expect(try readFile(target) == [2])
        var status = stat()
        #expect(lstat(link, &status) == 0 && status.st_mode & S_IFMT == S_IFLNK)
        #expect(stat(target, &status) == 0 && status.st_mode & 0o777 == 0o640)
    }

    @Test func failuresNameTheFileAndLeaveNothing() throws {
        let folder = try Folder()
        try writeAtomically([5], to: folder.path + "/file")
        let long = folder.path + "/" + String(repeating: "x", count: 300)
        for path in [
            folder.path, folder.path + "/missing/x", folder.path + "/file/x", long, "/proc/semblance", "",
            "/dev/full",
        ] {
            let error = #expect(throws: SemblanceError.self, "\(path)") {
                try writeAtomically([1, 2], to: path)
            }
            #expect(
                error?.code == .outputUnwritable && error?.message.contains(path) != path.isEmpty, "\(path)")
        }
        #expect(try folder.contents == ["file"] && readFile(folder.path + "/file") == [5])
        // A device stays a device.
        var status = stat()
        #expect(stat("/dev/full", &status) == 0 && status.st_mode & S_IFMT == S_IFCHR)
    }

    /// A limit on the size of files stands for a full disk: the write stops in the middle.
    @Test func aWriteThatStopsInTheMiddleLeavesTheOldFile() async {
        await #expect(processExitsWith: .success) {
            let folder = try Folder()
            let path = folder.path + "/checkpoint"
            try writeAtomically([1, 2, 3], to: path)
            signal(SIGXFSZ, SIG_IGN)
            var limit = rlimit(rlim_cur: 4096, rlim_max: 4096)
            try #require(setrlimit(__rlimit_resource_t(1), &limit) == 0)
            let error = #expect(throws: SemblanceError.self) {
                try writeAtomically([UInt8](repeating: 0, count: 100_000), to: path)
            }
            #expect(error?.code == .outputUnwritable && error?.remedy?.contains("free some space") == true)
            #expect(try readFile(path) == [1, 2, 3])
            #expect(try folder.contents == ["checkpoint"])
        }
    }

    @Test func readersSeeTheOldOrTheNewContent() async throws {
        let folder = try Folder()
        let path = folder.path + "/shared"
        try writeAtomically([UInt8](repeating: 0, count: 50_000), to: path)
        try await withThrowingTaskGroup { group in
            for value in UInt8(1)...3 {
                group.addTask {
                    for _ in 0..<20 {
                        try writeAtomically([UInt8](repeating: value, count: 50_000), to: path)
                    }
                }
            }
            group.addTask {
                for _ in 0..<200 {
                    let bytes = try readFile(path)
                    #expect(bytes.count == 50_000 && Set(bytes).count == 1)
                }
            }
            try await group.waitForAll()
        }
        #expect(try folder.contents == ["shared"])
    }

    @Test func readingChecksTheLimitAndTheKind() throws {
        let folder = try Folder()
        let path = folder.path + "/file"
        let content = (0..<10_000).map { UInt8(truncatingIfNeeded: $0) }
        try writeAtomically(content, to: path)
        #expect(try readFile(path, limit: 10_000) == content)
        for (path, limit) in [(path, 9_999), (folder.path, 100), (path + "x", 100)] {
            let error = #expect(throws: SemblanceError.self) { try readFile(path, limit: limit) }
            #expect(error?.code == .invalidInput && error?.message.contains(path) == true)
        }
        // Its size is reported as 0, like a pipe's.
        #expect(try !readFile("/proc/self/status").isEmpty)
    }
}
