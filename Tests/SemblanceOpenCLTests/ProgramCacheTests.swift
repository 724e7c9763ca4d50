import Foundation
import SemblanceCore
import SemblanceOpenCL
import Testing

/// Program binaries on disk: whatever lies there, the results are right.
@Suite(.needsOpenCL) struct ProgramCacheTests {
    private func withFolder(_ body: (String) throws -> Void) throws {
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent("semblance-\(UUID())")
        defer { try? FileManager.default.removeItem(at: folder) }
        try body(folder.path)
    }

    private func files(in folder: String) throws -> [String] {
        try FileManager.default.contentsOfDirectory(atPath: folder).map { folder + "/" + $0 }.sorted()
    }

    /// Prepares and runs the small program on a new backend.
    private func run(_ folder: String) throws -> (values: [Float], statistics: ProgramCache.Statistics) {
        let small = try SmallProgram()
        let backend = try TestDevice.backend(binaries: .folder(folder))
        let plan = try backend.prepare(small.program, options: PlanOptions())
        try plan.write(small.image, to: small.input)
        try plan.run()
        return (try plan.read(small.output), backend.programs.statistics)
    }

    @Test func secondBackendLoadsWhatTheFirstBuilt() throws {
        try withFolder { folder in
            let first = try run(folder)
            #expect(first.statistics.loadedFromDisk == 0 && first.statistics.builtFromSource > 0)
            #expect(try files(in: folder).count == first.statistics.builtFromSource)
            let second = try run(folder)
            #expect(second.statistics.builtFromSource == 0)
            #expect(second.statistics.loadedFromDisk == first.statistics.builtFromSource)
            #expect(second.values == first.values)
        }
    }

    @Test(arguments: ["truncated", "flipped", "empty", "text"])
    func damagedFilesAreBuiltAnew(damage: String) throws {
        try withFolder { folder in
            let first = try run(folder)
            for file in try files(in: folder) {
                var data = try Data(contentsOf: URL(fileURLWithPath: file))
                switch damage {
                case "truncated": data = data.prefix(data.count / 2)
                case "flipped": data[data.count - 100] ^= 0xFF
                case "empty": data = Data()
                default: data = Data("no binary at all".utf8)
                }
                try data.write(to: URL(fileURLWithPath: file))
            }
            let second = try run(folder)
            #expect(second.statistics.loadedFromDisk == 0)
            #expect(second.values == first.values)
            // They were written anew.
            #expect(try run(folder).statistics.builtFromSource == 0)
        }
    }

    @Test func anotherDriversBinariesAreNotTaken() throws {
        try withFolder { folder in
            let first = try run(folder)
            // The same file, its key naming another driver of the same length: the checksum of the binary still fits.
            let driver = Data(try TestDevice.device().device.driver.utf8)
            for file in try files(in: folder) {
                var data = try Data(contentsOf: URL(fileURLWithPath: file))
                let range = try #require(data.range(of: driver))
                data[range.lowerBound] ^= 1
                try data.write(to: URL(fileURLWithPath: file))
            }
            let second = try run(folder)
            #expect(second.statistics.loadedFromDisk == 0)
            #expect(second.values == first.values)
        }
    }

    @Test func driversRefusalFallsBackToSource() throws {
        let store = try #require(BinaryStore(.folder("/dev/null/cache"), platform: "X"))
        try withFolder { folder in
            let first = try run(folder)
            // Well-formed files whose content is no program of the driver's: a file opens with a line, the key's length and the key.
            let own = try #require(BinaryStore(.folder(folder), platform: "X"))
            for file in try files(in: folder) {
                let data = try Data(contentsOf: URL(fileURLWithPath: file))
                let start = try #require(data.firstIndex(of: 10)) + 1
                let length = data[start..<start + 8].reversed().reduce(0) { $0 << 8 | Int($1) }
                let key = [UInt8](data[start + 8..<start + 8 + length])
                #expect(own.load(key) != nil)
                own.save(Array("not a program".utf8), for: key)
            }
            let second = try run(folder)
            #expect(second.statistics.loadedFromDisk == 0)
            #expect(second.values == first.values)
        }
        // A folder that cannot be written costs nothing but the cache.
        store.save([1, 2, 3], for: [4])
        #expect(store.load([4]) == nil)
    }

    @Test func platformsWithACacheOfTheirOwnNeedNone() {
        #expect(BinaryStore(.automatic, platform: "NVIDIA CUDA") == nil)
        #expect(BinaryStore(.automatic, platform: "Portable Computing Language") == nil)
        #expect(BinaryStore(.automatic, platform: "AMD Accelerated Parallel Processing") != nil)
        #expect(BinaryStore(.off, platform: "AMD Accelerated Parallel Processing") == nil)
    }
}
