import Foundation
import SemblanceCore
import SemblanceOpenCL
import SemblanceTestSupport
import Testing

/// Tuning tables on disk: a good one is used, and whatever else lies there is passed over with a note.
@Suite(.needsOpenCL) struct TuningTableTests {
    /// A random choice for each of a few convolutions and products.
    static func randomChoices(on traits: DeviceTraits) throws -> TuningChoices {
        var random = RandomSource(seed: .random(in: .min ... .max))
        var choices = TuningChoices()
        for opCase in OpCase.all.filter({ $0.operations > 100_000 }) {
            let tunable = Tunable(
                opCase.op, inputs: opCase.inputs.map(\.shape), outputs: opCase.outputs.map(\.shape),
                on: traits)
            guard let tunable else { continue }
            var standings = [Tunable.Standing(tunable.rule(on: traits), seconds: 1)]
            for stage in Tunable.Stage.allCases {
                let candidates = tunable.candidates(stage, after: standings, on: traits)
                guard let candidate = candidates.randomElement(using: &random) else { continue }
                standings.insert(Tunable.Standing(candidate, seconds: 1), at: 0)
            }
            if let chosen = standings.randomElement(using: &random) {
                choices = choices.merging(chosen.choices)
            }
        }
        return choices
    }

    private func table() throws -> TuningTable {
        let device = try TestDevice.device()
        var traits = device.traits
        traits.isGPU = true
        return TuningTable(
            for: device.device, date: "2026-01-31",
            choices: [
                .float: try Self.randomChoices(on: traits), .half: try Self.randomChoices(on: traits),
            ])
    }

    private func store(_ folder: String) throws -> TuningStore {
        TuningStore(.folder(folder), for: try TestDevice.device().device)
    }

    private func open(_ source: TuningSource) throws -> OpenCLBackend {
        try OpenCLBackend(TestDevice.device(), tuning: source)
    }

    @Test func roundTrip() throws {
        try withTemporaryFolder { folder in
            let nested = folder + "/not/yet/there"
            #expect(try open(.folder(nested)).tuning == nil && open(.folder(nested)).takeNotes().isEmpty)
            let table = try table(), store = try store(nested)
            #expect(table.count > 60 && table.choices[.float] != table.choices[.half])
            try store.checkWritable()
            try store.save(table)
            let backend = try open(.folder(nested))
            #expect(backend.takeNotes().isEmpty)
            var found = try #require(backend.tuning)
            #expect(try found.origin == #require(store.path) && found.summary.contains("2026-01-31"))
            #expect(backend.traits.tuned == table.choices[.float])
            let half = try OpenCLBackend(
                TestDevice.device(), precision: .half, tuning: .folder(nested))
            #expect(half.traits.tuned == table.choices[.half])
            found.origin = ""
            #expect(found == table)
            #expect(try found.encoded() == table.encoded())
            #expect(try open(.file(#require(store.path))).tuning?.choices == table.choices)
            #expect(try open(.off).tuning == nil)
            try store.forget()
            #expect(try open(.folder(nested)).tuning == nil)
            try store.forget()
        }
    }

    /// CLBlast's parameters are read, but set here for nobody: they belong to the process.
    @Test func keepsCLBlastsParameters() throws {
        let device = try TestDevice.device(), traits = device.traits
        let own = try CLBlastParameters.own(of: device)
        let tiles = CLBlastParameters.candidates(.tiles, around: own, on: traits)
        let tile = try #require(tiles.randomElement())
        let others = CLBlastParameters.Stage.allCases.flatMap {
            CLBlastParameters.candidates($0, around: tile, on: traits)
        }
        #expect(tiles.count > 4 && Set(others).count > tiles.count && !others.contains(tile))
        #expect((tiles + others).allSatisfy { $0.suits(traits) })
        try withTemporaryFolder { folder in
            let store = try store(folder), path = try #require(store.path)
            var table = TuningTable(for: device.device, date: "2026-01-31", choices: [:])
            for (parameters, isSearched) in [(nil, false), (nil, true), (tile, true)] {
                (table.clblast, table.hasSearchedCLBlast) = (parameters, isSearched)
                try store.save(table)
                var found = try #require(store.load(for: traits).table)
                found.origin = ""
                #expect(found == table)
            }
            // What no device can run, or no kernel can be compiled with.
            let data = try Data(contentsOf: URL(filePath: path))
            let object = try #require(try JSONSerialization.jsonObject(with: data) as? [String: Any])
            let named = try #require(object["clblast"] as? [String: Int])
            #expect(named.count == 16)
            for (name, value) in [
                ("MWG", 48), ("MWG", 0), ("NWG", -64), ("MDIMC", 256), ("KWI", 64), ("VWM", 16), ("SA", 2),
                ("GEMMK", 1), ("MWG", 1 << 40), ("NOTHING", 1),
            ] {
                var damaged = object, parameters = named
                parameters[name] = value
                damaged["clblast"] = parameters
                try JSONSerialization.data(withJSONObject: damaged).write(to: URL(filePath: path))
                let (table, note) = store.load(for: traits)
                #expect(table == nil && note?.contains("is damaged") == true, "\(name) \(value)")
            }
        }
    }

    /// Changes the file's JSON and opens it.
    private func note(after change: (inout [String: Any]) throws -> Void) throws -> String {
        try withTemporaryFolder { folder in
            let store = try store(folder)
            try store.save(table())
            let path = try #require(store.path)
            let data = try Data(contentsOf: URL(filePath: path))
            var object = try #require(try JSONSerialization.jsonObject(with: data) as? [String: Any])
            try change(&object)
            try JSONSerialization.data(withJSONObject: object).write(to: URL(filePath: path))
            let backend = try open(.folder(folder))
            #expect(backend.tuning == nil && backend.traits.tuned.count == 0)
            let notes = backend.takeNotes()
            #expect(notes.count == 1 && backend.takeNotes().isEmpty)
            #expect(notes.first?.contains(path) == true && notes.first?.contains("semblance tune") == true)
            return notes.first ?? ""
        }
    }

    @Test func staleTablesAreNotUsed() throws {
        #expect(try note { $0["format"] = 0 }.contains("format 0"))
        #expect(try note { $0["kernels"] = "0123456789abcdef" }.contains("other kernels"))
        #expect(try note { $0["driver"] = "0.1" }.contains("driver 0.1"))
        #expect(try note { $0["device"] = "Other" }.contains("another device, Other"))
        #expect(try note { $0["platform"] = "Other" }.contains("another device"))
        #expect(try note { $0["format"] = nil }.contains("damaged"))
        // Another driver's table has another name.
        try withTemporaryFolder { folder in
            var device = try TestDevice.device().device
            device.driver += ".1"
            try TuningStore(.folder(folder), for: device).save(table())
            let backend = try open(.folder(folder))
            #expect(backend.tuning == nil)
            #expect(backend.takeNotes().contains { $0.contains(folder) && $0.contains("another driver") })
        }
    }

    @Test func absurdEntriesAreNotUsed() throws {
        func convolution(_ key: String, _ value: Any) throws {
            for list in ["convolutions", "weightGradients"] {
                let text = try note { object in
                    var entries = try #require(object[list] as? [[String: Any]])
                    let place = try #require(
                        entries.firstIndex { ($0["algorithm"] as? String) == "implicit" })
                    entries[place][key] = value
                    object[list] = entries
                }
                #expect(text.contains("damaged"), "\(list), \(key): \(value)")
            }
        }
        func product(_ key: String, _ value: Any) throws {
            let text = try note { object in
                var entries = try #require(object["products"] as? [[String: Any]])
                entries[0][key] = value
                object["products"] = entries
            }
            #expect(text.contains("damaged"), "\(key): \(value)")
        }
        for value in [0, -1, Int.max, Int.min, 1 << 40] {
            for key in ["images", "groups", "inputs", "outputs"] { try convolution(key, value) }
            for key in ["size", "outputSize", "kernel", "stride", "dilation"] {
                try convolution(key, [value, 1])
            }
            try convolution("parts", value)
            try convolution("tile", [value, 64, 4, 4])
            for key in ["m", "n", "k"] { try product(key, value) }
        }
        try convolution("padding", [Int.min, 0, 0, 0])
        try convolution("padding", [1])
        try convolution("size", [1, 2, 3])
        try convolution("size", "large")
        try convolution("tile", [48, 64, 4, 4])
        try convolution("tile", [1024, 1024, 8, 8])
        try convolution("tile", [64])
        try convolution("algorithm", "fastest")
        try convolution("algorithm", "winograd8")
        try convolution("type", "quarter")
        try product("gemm", "automatic")
        try product("gemm", "cublas")
        for splits in [0, -1, 65, Int.max] { try product("splits", splits) }
        // The same shape twice, an algorithm that does not suit its shape, and a sum in parts of nothing but an implicit product.
        #expect(
            try note { object in
                let entries = try #require(object["products"] as? [[String: Any]])
                object["products"] = entries + [entries[0]]
            }.contains("damaged"))
        #expect(
            try note { object in
                let entries = try #require(object["weightGradients"] as? [[String: Any]])
                object["weightGradients"] = entries + [entries[0]]
            }.contains("damaged"))
        try convolution("algorithm", "tensor cores")
        #expect(
            try note { object in
                var entries = try #require(object["convolutions"] as? [[String: Any]])
                for index in entries.indices { entries[index]["algorithm"] = "winograd4" }
                object["convolutions"] = entries
            }.contains("damaged"))
        #expect(try note { $0["products"] = nil }.contains("damaged"))
        #expect(try note { $0["convolutions"] = ["a": 1] }.contains("damaged"))
    }

    /// Cut, changed and foreign files: either what is left is a table, or it is not used. Nothing crashes.
    @Test func damagedFilesAreNotUsed() throws {
        let seed = UInt64.random(in: .min ... .max)
        var random = RandomSource(seed: seed)
        try withTemporaryFolder { folder in
            let store = try store(folder)
            try store.save(table())
            let path = try #require(store.path), url = URL(filePath: path)
            let whole = try Data(contentsOf: url)
            func isPassedOver(_ content: Data) throws -> Bool {
                try content.write(to: url)
                let backend = try open(.folder(folder)), notes = backend.takeNotes()
                #expect((backend.tuning == nil) == (notes.count == 1), "seed \(seed)")
                return backend.tuning == nil
            }
            #expect(try isPassedOver(Data()))
            for _ in 0..<20 {
                let count = Int.random(in: 1..<whole.count - 1, using: &random)
                #expect(try isPassedOver(whole.prefix(count)), "seed \(seed)")
                #expect(
                    try isPassedOver(Data((0..<count).map { _ in UInt8.random(in: 0...255, using: &random) }))
                )
                var flipped = whole
                for _ in 0..<8 {
                    let place = Int.random(in: 0..<whole.count, using: &random)
                    flipped[place] = UInt8.random(in: 0...255, using: &random)
                }
                _ = try isPassedOver(flipped)
            }
            #expect(try isPassedOver(Data(String(repeating: "[", count: 100_000).utf8)))
            #expect(try isPassedOver(Data(count: 9 << 20)))
            #expect(try !isPassedOver(whole))

            try FileManager.default.removeItem(at: url)
            try FileManager.default.createDirectory(at: url, withIntermediateDirectories: true)
            #expect(try open(.folder(folder)).takeNotes().count == 1)
            try FileManager.default.removeItem(at: url)
            // Reading a pipe would wait for a writer.
            #expect(mkfifo(path, 0o600) == 0)
            #expect(try open(.folder(folder)).takeNotes().count == 1)
            #expect(try open(.file(folder + "/missing.json")).takeNotes().count == 1)
        }
    }

    @Test func anUnwritableFolderIsNamed() throws {
        let store = try store("/dev/null/cache")
        for attempt in [{ try store.checkWritable() }, { try store.save(self.table()) }] {
            let error = try #require(throws: SemblanceError.self) { try attempt() }
            #expect(error.code == .outputUnwritable)
            #expect(error.description.contains("/dev/null/cache") && error.description.contains("--output"))
        }
        #expect(try open(.folder("/dev/null/cache")).tuning == nil)
    }
}
