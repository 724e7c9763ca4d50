import Foundation
import Semblance
import SemblanceCore
import SemblanceTestSupport
import Testing

@Suite struct IdentificationReportTests {
    private func report(_ vectors: [String: [Float]]) throws -> IdentificationReport {
        try FaceTree.with(vectors) { tree in
            func folder(_ name: String) throws -> FaceFolder {
                try FaceFolder(root: tree.folder + "/" + name, fewestPeople: 1)
            }
            let hasUnknown = vectors.keys.contains { $0.hasPrefix("unknown/") }
            let set = try IdentificationSet(
                gallery: folder("gallery"), probe: folder("probe"),
                unknown: hasUnknown ? folder("unknown") : nil)
            return try IdentificationReport(set) { try tree.outcomes($0) }
        }
    }

    private func at(_ degrees: Double) -> [Float] {
        [Float(cos(degrees * .pi / 180)), Float(sin(degrees * .pi / 180))]
    }

    /// Enrolled: a at 0, b at 40 and 200, c at 90. Ranks of the probes: a at 10 first; a at 30 second (b is nearer); b at 190 first,
    /// by b's second photograph; c at 60 second; c without a face never.
    @Test func countsTheHandComputedCase() throws {
        let report = try report([
            "gallery/a/1.png": at(0), "gallery/b/1.png": at(40), "gallery/b/2.png": at(200),
            "gallery/c/1.png": at(90), "probe/a/1.png": at(10), "probe/a/2.png": at(30),
            "probe/b/1.png": at(190), "probe/c/1.png": at(60), "probe/c/2.png": [],
        ])
        #expect(report.cmc == [0.4, 0.8, 0.8])
        #expect(report.rank1.rate == 0.4)
        #expect(
            report.gallery.people == 3 && report.gallery.enrolled == 3 && report.gallery.images.total == 4)
        #expect(report.probes.total == 5 && report.probes.scored == 4 && report.probes.noFace == 1)
        #expect(report.unknown.total == 0 && report.tpirCurve.isEmpty)
        #expect(report.tpirAtFpir.allSatisfy { $0.rate == nil && $0.has == 0 })
    }

    @Test func somebodyWithoutAnEnrolledFaceIsNeverFound() throws {
        let report = try report([
            "gallery/a/1.png": [], "gallery/b/1.png": at(40), "probe/a/1.png": at(0), "probe/b/1.png": at(40),
        ])
        #expect(report.cmc == [0.5, 0.5] && report.gallery.enrolled == 1)
    }

    @Test func equalScoresCountAgainstThePerson() throws {
        let report = try report([
            "gallery/a/1.png": at(5), "gallery/b/1.png": at(5), "probe/a/1.png": at(5),
        ])
        #expect(report.cmc == [0, 1])
    }

    /// Random people in few dimensions, so that many are confused, against loops over everything in double precision.
    @Test func agreesWithCounting() throws {
        var random = RandomSource(seed: freshSeed("identification"))
        func vector(near centre: [Float]? = nil) -> [Float] {
            let raw = (0..<4).map { (centre?[$0] ?? 0) + (centre == nil ? 1 : 0.35) * random.normal() }
            let norm = raw.reduce(0) { $0 + $1 * $1 }.squareRoot()
            return raw.map { $0 / norm }
        }
        var vectors: [String: [Float]] = [:]
        for person in 0..<30 {
            let centre = vector()
            for image in 0..<2 { vectors["gallery/p\(person)/\(image).png"] = vector(near: centre) }
            for image in 0..<3 { vectors["probe/p\(person)/\(image).png"] = vector(near: centre) }
        }
        for person in 0..<25 {
            for image in 0..<5 { vectors["unknown/u\(person)/\(image).png"] = vector() }
        }
        for name in [
            "probe/p3/1.png", "unknown/u2/2.png", "gallery/p5/0.png", "gallery/p6/0.png", "gallery/p6/1.png",
        ] {
            vectors[name] = []
        }
        let report = try report(vectors)

        func scores(of probe: [Float]) -> [String: Double] {
            var best: [String: Double] = [:]
            for (name, vector) in vectors where name.hasPrefix("gallery/") && !vector.isEmpty {
                let person = String(name.split(separator: "/")[1])
                let score = zip(vector, probe).reduce(0.0) { $0 + Double($1.0) * Double($1.1) }
                best[person] = max(best[person] ?? -2, score)
            }
            return best
        }
        var ranks: [Int] = []
        var firsts: [Double] = []
        for (name, probe) in vectors where name.hasPrefix("probe/") && !probe.isEmpty {
            let all = scores(of: probe)
            guard let own = all[String(name.split(separator: "/")[1])] else { continue }
            ranks.append(all.values.count { $0 > own } + 1)
            if ranks.last == 1 { firsts.append(own) }
        }
        let strangers = vectors.filter { $0.key.hasPrefix("unknown/") && !$0.value.isEmpty }
            .map { scores(of: $0.value).values.max() ?? -2 }
        #expect(report.probes.total == 90 && report.unknown.total == 125 && strangers.count == 124)
        #expect(report.cmc.count == 20)
        for (index, rate) in report.cmc.enumerated() {
            #expect(abs(rate - Double(ranks.count { $0 <= index + 1 }) / 90) < 1e-12)
        }
        #expect(report.rank1.rate == report.cmc[0])
        #expect(report.tpirAtFpir.map(\.limit) == [0.1, 0.01, 0.001])
        #expect(report.tpirAtFpir.map { $0.rate == nil } == [false, false, true])
        for each in report.tpirAtFpir {
            guard let rate = each.rate, let threshold = each.threshold else { continue }
            // Sums in single precision stay well within this of those in double.
            let slack = 1e-6
            #expect(Double(strangers.count { $0 >= Double(threshold) + slack }) <= each.limit * 124)
            #expect(Double(strangers.count { $0 >= Double(threshold) - slack }) + 1 > each.limit * 124)
            #expect(rate <= Double(firsts.count { $0 >= Double(threshold) - slack }) / 90)
            #expect(rate >= Double(firsts.count { $0 >= Double(threshold) + slack }) / 90)
        }
        #expect(report.tpirCurve.last?.fpir == 1)
        #expect(abs((report.tpirCurve.last?.tpir ?? 0) - report.rank1.rate) < 1e-12)
    }

    @Test func whoIsInWhichFolderIsChecked() throws {
        let stranger = #expect(throws: SemblanceError.self) {
            try report(["gallery/a/1.png": at(0), "probe/b/1.png": at(0)])
        }
        #expect(stranger?.code == .invalidInput && stranger?.message.contains("b, with 0 others") == true)
        #expect(stranger?.remedy?.contains("--unknown") == true)
        let known = #expect(throws: SemblanceError.self) {
            try report(["gallery/a/1.png": at(0), "probe/a/1.png": at(0), "unknown/a/1.png": at(0)])
        }
        #expect(known?.message.contains("a, who is to be unknown") == true)
        let own = try FaceTree.with(["a/1.png": at(0), "b/1.png": at(0)]) { tree in
            let folder = try FaceFolder(root: tree.folder)
            try FileManager.default.createSymbolicLink(
                atPath: tree.folder + "/link", withDestinationPath: tree.folder)
            defer { try? FileManager.default.removeItem(atPath: tree.folder + "/link") }
            let linked = try FaceFolder(root: tree.folder + "/link")
            return #expect(throws: SemblanceError.self) {
                try IdentificationSet(gallery: folder, probe: linked)
            }
        }
        #expect(own?.message.contains("a/1.png is both enrolled and a probe") == true)
    }
}
