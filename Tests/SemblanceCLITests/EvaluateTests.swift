import Foundation
import Semblance
import SemblanceTestSupport
import Testing

/// What `evaluate` measures and promises in JSON.
@Suite struct EvaluateTests {
    private let model = ["--model", "m.onnx"] + Fixture.device

    private func object(_ arguments: [String]) throws -> [String: Any] {
        let outcome = try Tool.run(arguments + ["--json"], in: Fixture.root)
        #expect(outcome.code == 0, "\(outcome.errors)")
        return try #require(try outcome.objects.first)
    }

    private func expectOrigin(_ object: [String: Any]) throws {
        let device = object["device"] as? [String: Any]
        #expect(device?["device"] as? String == "cpu" && device?["reason"] is String)
        let identity = object["model"] as? [String: Any]
        let expected = try RecognitionModel(path: Fixture.root + "/m.onnx").identity
        #expect(identity?["fingerprint"] as? String == expected.fingerprint)
        #expect(object["detector"] as? String == "none (whole images)")
    }

    @Test(arguments: [[], ["--images"]]) func rankOneWithOneEnrolledImageEach(option: [String]) throws {
        let report = try object(["evaluate"] + option + ["data"] + model)
        #expect(report["people"] as? Int == 8 && report["images"] as? Int == 32)
        #expect((report["rank1"] as? [Double])?.count == 4 && report["mean"] is Double)
        try expectOrigin(report)
    }

    /// The fixture's people under LFW's names, and a list of two folds of two and two pairs.
    private func withPairs(_ body: (_ images: String, _ list: String) throws -> Void) throws {
        try withTemporaryFolder { folder in
            for person in 0..<4 {
                let name = "Person \(person)"
                try FileManager.default.createDirectory(
                    atPath: "\(folder)/\(name)", withIntermediateDirectories: true)
                for image in 0..<4 {
                    try FileManager.default.copyItem(
                        atPath: "\(try Fixture.root)/data/person0\(person)/0\(image).png",
                        toPath: "\(folder)/\(name)/\(name)_000\(image + 1).png")
                }
            }
            var lines = ["2\t2"]
            for fold in 0..<2 {
                let (a, b) = ("Person \(2 * fold)", "Person \(2 * fold + 1)")
                lines += ["\(a)\t1\t2", "\(b)\t3\t4", "\(a)\t1\t\(b)\t1", "\(a)\t2\t\(b)\t2"]
            }
            let list = folder + "/pairs.txt"
            try Data(lines.joined(separator: "\r\n").utf8).write(to: URL(filePath: list))
            try body(folder, list)
        }
    }

    @Test func verifiesAListOfPairs() throws {
        try withPairs { images, list in
            let arguments = ["evaluate", images, "--pairs", list] + model
            let report = try object(
                arguments + [
                    "--threshold", "0.5", "--scores", images + "/scores.txt", "--report", images + "/r.html",
                ])
            try expectOrigin(report)
            let page = try String(contentsOfFile: images + "/r.html", encoding: .utf8)
            #expect(page.contains("data-key=\"accuracy.mean\"") && page.contains("none (whole images)"))
            let pairs = try #require(report["pairs"] as? [String: Any])
            for (key, count) in [
                "total": 8, "scored": 8, "no_face": 0, "failed": 0, "genuine": 4, "impostor": 4,
            ] {
                #expect(pairs[key] as? Int == count, "\(key)")
            }
            let accuracy = try #require(report["accuracy"] as? [String: Any])
            #expect((0...1).contains(try #require(accuracy["mean"] as? Double)))
            #expect(accuracy["deviation"] is Double && accuracy["standard_error"] is Double)
            #expect((accuracy["folds"] as? [[String: Any]])?.count == 2)
            #expect((accuracy["interval"] as? [String: Any])?["low"] is Double)
            for key in ["auc", "eer"] { #expect(report[key] is Double) }
            let rates = try #require(report["tar_at_far"] as? [[String: Any]])
            #expect(rates.compactMap { $0["far"] as? Double } == [0.1, 0.01, 0.001, 0.0001])
            #expect(rates.compactMap { $0["needs"] as? Int } == [10, 100, 1000, 10000])
            // Present, and null.
            #expect(rates.allSatisfy { $0["tar"] is NSNull && $0["has"] as? Int == 4 })
            let thresholds = try #require(report["thresholds"] as? [[String: Any]])
            #expect(thresholds.first?["source"] as? String == "--threshold")
            #expect(thresholds.first?["threshold"] as? Double == 0.5 && thresholds.count == 3)

            // The scores' file says the same as the right answers at 0.5.
            let text = try String(contentsOfFile: images + "/scores.txt", encoding: .utf8)
            let scores = text.split(separator: "\n").compactMap { Double($0) }
            #expect(scores.count == 8)
            let right = zip(scores, [true, true, false, false, true, true, false, false]).count {
                ($0 >= 0.5) == $1
            }
            #expect(thresholds.first?["accuracy"] as? Double == Double(right) / 8)

            let pixels = try object(arguments + ["--pixels"])
            #expect(pixels["model"] == nil && (pixels["thresholds"] as? [Any])?.isEmpty == true)
        }
    }

    @Test func theTableSaysWhatIsWithheld() throws {
        try withPairs { images, list in
            let outcome = try Tool.run(["evaluate", images, "--pairs", list] + model, in: Fixture.root)
            #expect(outcome.code == 0)
            #expect(outcome.output.contains("TAR@FAR=0.001   withheld: needs 1000 impostor pairs, has 4"))
            #expect(outcome.output.contains("pairs           8 of 8 scored (4 genuine, 4 impostor)"))
            #expect(outcome.output.contains(" over 2 folds, standard error "))
            #expect(outcome.output.contains("device cpu"))
        }
    }

    @Test func aBrokenPhotographIsWrongAndCounted() throws {
        try withPairs { images, list in
            let broken = images + "/Person 0/Person 0_0001.png"
            try Data("no image".utf8).write(to: URL(filePath: broken))
            let arguments = ["evaluate", images, "--pairs", list, "--threshold", "-1"] + model
            let report = try object(arguments + ["--scores", images + "/scores.txt"])
            let pairs = try #require(report["pairs"] as? [String: Any])
            #expect(
                pairs["scored"] as? Int == 6 && pairs["failed"] as? Int == 2 && pairs["no_face"] as? Int == 0)
            let unscored = try #require(pairs["unscored"] as? [[String: Any]])
            #expect(unscored.map { $0["line"] as? Int } == [2, 4])
            #expect(unscored.allSatisfy { $0["images"] as? [String] == [broken] && $0["reason"] is String })
            // At -1 everything is accepted: three of four genuine pairs are right, of eight pairs.
            let thresholds = try #require(report["thresholds"] as? [[String: Any]])
            #expect(thresholds.first?["accuracy"] as? Double == 3.0 / 8)
            #expect(thresholds.first?["tar"] as? Double == 0.75)
            let lines = try String(contentsOfFile: images + "/scores.txt", encoding: .utf8).split(
                separator: "\n")
            #expect(lines.count == 8 && lines.indices.filter { lines[$0] == "nan" } == [0, 2])

            let plain = try Tool.run(arguments + ["--verbose"], in: Fixture.root)
            #expect(plain.code == 0 && plain.output.contains("2 with one that cannot be read"))
            #expect(plain.errors.contains("Person 0_0001.png is not an image"))
            #expect(plain.errors.contains("line 4: "))
            let strict = try Tool.run(arguments + ["--strict"], in: Fixture.root)
            #expect(strict.code == 1 && strict.output.isEmpty)
        }
    }

    @Test func aMissingPhotographIsFoundOutAtOnce() throws {
        try withPairs { images, list in
            try FileManager.default.removeItem(atPath: images + "/Person 1/Person 1_0004.png")
            let outcome = try Tool.run(["evaluate", images, "--pairs", list] + model, in: Fixture.root)
            #expect(outcome.code == 1)
            #expect(
                outcome.errors.contains("pairs.txt, line 3: there is no \(images)/Person 1/Person 1_0004.jpg")
            )
        }
    }

    @Test func aPlaceThatCannotBeWrittenIsFoundOutFirst() throws {
        try withPairs { images, list in
            let outcome = try Tool.run(
                ["evaluate", images, "--pairs", list, "--scores", "no/s.txt"] + model, in: Fixture.root)
            #expect(outcome.code == 1 && outcome.errors.contains("no/s.txt") && outcome.output.isEmpty)
        }
    }

    @Test func identifiesAgainstFolders() throws {
        try withTemporaryFolder { folder in
            for person in 0..<8 {
                let source = "\(try Fixture.root)/data/person0\(person)"
                let parts = person < 5 ? [("gallery", 0..<2), ("probe", 2..<4)] : [("unknown", 0..<4)]
                for (part, images) in parts {
                    let target = "\(folder)/\(part)/person0\(person)"
                    try FileManager.default.createDirectory(atPath: target, withIntermediateDirectories: true)
                    for image in images {
                        try FileManager.default.copyItem(
                            atPath: "\(source)/0\(image).png", toPath: "\(target)/0\(image).png")
                    }
                }
            }
            let page = folder + "/report.html"
            let arguments =
                ["evaluate", "--gallery", folder + "/gallery", "--probe", folder + "/probe"] + model
            let closed = try object(arguments)
            try expectOrigin(closed)
            #expect((closed["cmc"] as? [Double])?.count == 5)
            let rank1 = try #require(closed["rank1"] as? [String: Any])
            #expect(rank1["rate"] as? Double == (closed["cmc"] as? [Double])?.first)
            #expect((closed["probes"] as? [String: Any])?["total"] as? Int == 10)

            let open = try object(arguments + ["--unknown", folder + "/unknown", "--report", page])
            let rates = try #require(open["tpir_at_fpir"] as? [[String: Any]])
            #expect(rates.compactMap { $0["fpir"] as? Double } == [0.1, 0.01, 0.001])
            #expect(
                rates[0]["tpir"] is Double && rates[1]["tpir"] is NSNull && rates[1]["needs"] as? Int == 100)
            #expect((open["unknown"] as? [String: Any])?["scored"] as? Int == 12)
            let html = try String(contentsOfFile: page, encoding: .utf8)
            #expect(html.contains("<polyline") && html.contains(folder + "/gallery"))

            let plain = try Tool.run(arguments + ["--unknown", folder + "/unknown"], in: Fixture.root)
            #expect(plain.output.contains("TPIR@FPIR=0.01   withheld: needs 100 unknown probes, has 12"))
            let mixed = try Tool.run(
                ["evaluate", "--gallery", folder + "/gallery", "--probe", folder + "/unknown"] + model,
                in: Fixture.root)
            #expect(mixed.code == 1 && mixed.errors.contains("person05, with 2 others of the probes"))
        }
    }
}
