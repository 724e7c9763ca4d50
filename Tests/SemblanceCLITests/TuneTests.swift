import Foundation
import SemblanceTestSupport
import Testing

/// `tune` as a program, with a cache folder of its own.
@Suite struct TuneTests {
    private func environment(_ folder: String) -> [String: String] {
        ["SEMBLANCE_CACHE": folder, "SEMBLANCE_TUNING": ""]
    }

    private func tables(in folder: String) throws -> [String] {
        try FileManager.default.contentsOfDirectory(atPath: folder).filter { $0.hasPrefix("tuning-") }
    }

    @Test func searchesCLBlastsParametersOnce() throws {
        guard let device = try Tool.openCLDevice() else { return }
        try withTemporaryFolder { folder in
            let tune =
                ["tune", "--device", device, "--model", "m.onnx", "--batch", "2", "--clblast", "--json"]
                + Fixture.device
            func tool(_ seconds: String) throws -> [[String: Any]] {
                let outcome = try Tool.run(
                    tune + ["--seconds", seconds], in: Fixture.root,
                    environment: environment(folder + "/cache"))
                #expect(outcome.code == 0, "\(outcome.errors)")
                return try outcome.objects
            }
            func isCLBlast(_ object: [String: Any]) -> Bool {
                (object["subject"] as? String)?.hasPrefix("CLBlast") == true
            }
            // A quarter of it is for CLBlast; PoCL takes seconds to compile a candidate, on a busy machine more than there are in the first attempt.
            var first = try #require(try tool("80").first)
            if first["tried"] as? Int == 1 {
                try FileManager.default.removeItem(atPath: folder + "/cache")
                first = try #require(try tool("180").first)
            }
            #expect(isCLBlast(first))
            let tried = try #require(first["tried"] as? Int)
            #expect(tried > 1 && (first["rejections"] as? [Any])?.count ?? tried < tried)
            let before = try #require(first["before_ms"] as? Double),
                after = try #require(first["after_ms"] as? Double)
            let isFaster = first["choice"] as? String != first["rule"] as? String
            #expect(isFaster ? after < 0.92 * before : after == before)
            let table = try "\(folder)/cache/\(tables(in: folder + "/cache")[0])"
            let object = try JSONSerialization.jsonObject(with: Data(contentsOf: URL(filePath: table)))
            let parameters = (object as? [String: Any])?["clblast"] as? [String: Int]
            #expect((parameters?.count == 16) == isFaster)
            if isFaster { #expect(try !tool("20").contains(where: isCLBlast)) }
        }
    }

    @Test func tunesASmallNetworkAndUsesTheTable() throws {
        guard let device = try Tool.openCLDevice() else { return }
        try withTemporaryFolder { folder in
            let cache = folder + "/cache", variables = environment(cache)
            func tool(_ arguments: [String]) throws -> Tool.Outcome {
                try Tool.run(arguments, in: Fixture.root, environment: variables)
            }
            let tune = ["tune", "--device", device, "--model", "m.onnx", "--batch", "2"] + Fixture.device
            let bench = ["bench", "--device", device, "--model", "m.onnx", "--iterations", "2"]
            let untuned = try #require(try tool(bench + ["--json"]).objects.first)
            #expect(untuned["tuning"] == nil)

            // A moment: enough for the largest shape or some.
            let started = try tool(tune + ["--seconds", "1", "--json"])
            #expect(started.code == 0, "\(started.errors)")
            let whole = try tool(tune + ["--seconds", "200", "--json"])
            #expect(whole.code == 0, "\(whole.errors)")
            let objects = try whole.objects, summary = try #require(objects.last)
            let shapes = try #require(summary["shapes"] as? Int)
            #expect(shapes == 8 && summary["is_complete"] as? Bool == true)
            #expect(summary["searched"] as? Int == objects.count - 1)
            #expect(try #require(summary["known"] as? Int) + objects.count - 1 == shapes)
            #expect(summary["entries"] as? Int == shapes && summary["rejections"] as? Int == 0)
            for object in objects.dropLast() {
                let before = try #require(object["before_ms"] as? Double)
                let after = try #require(object["after_ms"] as? Double)
                #expect(after > 0 && after <= before && object["tried"] as? Int ?? 0 > 1)
                #expect(object["choice"] is String && object["subject"] is String)
            }
            #expect(try tables(in: cache).count == 1)

            // Everything is known now.
            let again = try tool(tune)
            #expect(again.code == 0 && again.output.contains("0 of \(shapes) shapes searched"))

            // Halves are another matter.
            let half = try tool(tune + ["--precision", "half", "--seconds", "200", "--json"])
            #expect(half.code == 0, "\(half.errors)")
            let halves = try #require(try half.objects.last)
            #expect(halves["searched"] as? Int == shapes && halves["entries"] as? Int == 2 * shapes)

            // Those that say so.
            let table = try "\(cache)/\(tables(in: cache)[0])"
            let listed = try tool(["devices", "--json"]).objects.first {
                $0["identifier"] as? String == device
            }
            #expect((listed?["tuning"] as? String)?.contains("\(2 * shapes) shapes") == true)
            let tuned = try #require(try tool(bench + ["--json"]).objects.first)
            #expect((tuned["tuning"] as? String)?.contains(table) == true)
            let off = try Tool.run(
                bench, in: Fixture.root, environment: ["SEMBLANCE_CACHE": cache, "SEMBLANCE_TUNING": "off"])
            #expect(off.output.contains("tuning: no table"))

            // Damage is told, and costs nothing else.
            try Data("{\"format\": 1".utf8).write(to: URL(filePath: table))
            let damaged = try tool(bench)
            #expect(
                damaged.code == 0 && damaged.errors.contains("note: the tuning table \(table) is damaged"))
            #expect(damaged.output.contains("tuning: no table"))

            // Forgetting it.
            let reset = try tool(tune + ["--reset", "--seconds", "0"])
            #expect(reset.code == 0 && reset.output.contains("\(shapes) shapes are left"))
            #expect(try tables(in: cache).isEmpty)
        }
    }

    @Test func aFolderThatCannotBeWrittenIsNamed() throws {
        guard let device = try Tool.openCLDevice() else { return }
        try withTemporaryFolder { folder in
            try Data().write(to: URL(filePath: folder + "/file"))
            let variables = environment(folder + "/file/cache")
            let tune = ["tune", "--device", device, "--model", "m.onnx", "--batch", "1", "--seconds", "20"]
            let refused = try Tool.run(tune, in: Fixture.root, environment: variables)
            #expect(refused.code == 1 && refused.output.isEmpty)
            #expect(
                refused.errors.contains("\(folder)/file/cache") && refused.errors.contains("--output FILE"))
            let output = folder + "/table.json"
            let written = try Tool.run(
                tune + ["--output", output], in: Fixture.root, environment: variables)
            #expect(written.code == 0, "\(written.errors)")
            let bench = try Tool.run(
                ["bench", "--device", device, "--model", "m.onnx", "--iterations", "2"], in: Fixture.root,
                environment: ["SEMBLANCE_TUNING": output])
            #expect(bench.code == 0 && bench.output.contains("from \(output)"))
            let nowhere = try Tool.run(
                tune + ["--output", folder + "/no/table.json"], in: Fixture.root, environment: variables)
            #expect(nowhere.code == 1 && nowhere.errors.contains("no/table.json"))
            // The switch that leaves tables out leaves no place for one either.
            let off = try Tool.run(tune, in: Fixture.root)
            #expect(off.code == 2 && off.errors.contains("SEMBLANCE_TUNING"))
        }
    }

    /// A named table is added to, also through a link; no other file is touched.
    @Test func addsToANamedTableAndToNothingElse() throws {
        guard let device = try Tool.openCLDevice() else { return }
        try withTemporaryFolder { folder in
            func tune(_ arguments: String...) throws -> Tool.Outcome {
                try Tool.run(
                    ["tune", "--device", device, "--json"] + arguments, in: Fixture.root,
                    environment: environment(folder + "/cache"))
            }
            func summary(_ outcome: Tool.Outcome) throws -> [String: Any] {
                #expect(outcome.code == 0, "\(outcome.errors)")
                return try #require(try outcome.objects.last)
            }
            let photo = folder + "/photo.txt", text = Data("precious".utf8)
            try text.write(to: URL(filePath: photo))
            for reset in [[], ["--reset"]] {
                let refused = try Tool.run(
                    ["tune", "--device", device, "--model", "m.onnx", "--output", photo] + reset,
                    in: Fixture.root, environment: environment(folder + "/cache"))
                #expect(refused.code == 1 && refused.errors.contains("is no tuning table"))
                #expect(try Data(contentsOf: URL(filePath: photo)) == text)
            }

            let table = folder + "/table.json", link = folder + "/link.json"
            let first = try summary(tune("--model", "m.onnx", "--batch", "1", "--output", table))
            let shapes = try #require(first["shapes"] as? Int)
            #expect(first["known"] as? Int == 0 && first["entries"] as? Int == shapes)
            try FileManager.default.createSymbolicLink(atPath: link, withDestinationPath: table)
            let more = try summary(tune("--model", "m.onnx", "--batch", "1,2", "--output", link))
            #expect(more["known"] as? Int == shapes && more["entries"] as? Int ?? 0 > shapes)
            #expect(try FileManager.default.destinationOfSymbolicLink(atPath: link) == table)
            let all = try summary(tune("--model", "m.onnx", "--batch", "1,2", "--output", table))
            #expect(all["searched"] as? Int == 0 && all["known"] as? Int == all["shapes"] as? Int)
            // What cannot be tuned costs no table.
            let bytes = try Data(contentsOf: URL(filePath: table))
            #expect(try tune("--model", "absent.onnx", "--reset", "--output", table).code != 0)
            #expect(try Data(contentsOf: URL(filePath: table)) == bytes)
            let emptied = try summary(
                tune("--model", "m.onnx", "--reset", "--seconds", "0", "--output", table))
            #expect(emptied["entries"] as? Int == 0)
        }
    }

    @Test func withoutADeviceItSaysWhatToDo() throws {
        let bare = try Tool.run(
            ["tune", "--device", "auto"], in: Fixture.root, environment: ["OCL_ICD_VENDORS": "/nonexistent"])
        #expect(bare.code == 1 && bare.errors.contains("install an OpenCL driver"))
    }
}
