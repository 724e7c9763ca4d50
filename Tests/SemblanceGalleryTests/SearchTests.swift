import Foundation
import SemblanceCPU
import SemblanceCore
import SemblanceGallery
import SemblanceOpenCL
import SemblanceTestSupport
import Testing

/// Exact search against one in double precision that scores and sorts everything.
@Suite struct SearchTests {
    private static let backends: [(name: String, backend: any Backend)] = {
        var backends: [(String, any Backend)] = []
        for threads in [1, 2, 3] {
            if let cpu = try? CPUBackend(threads: threads) { backends.append(("\(threads) threads", cpu)) }
        }
        if let device = (try? OpenCLPlatform.all())?.flatMap(\.devices).first,
            let opencl = try? OpenCLBackend(device)
        {
            backends.append(("OpenCL", opencl))
        } else {
            print("SKIPPED: searches on OpenCL: no OpenCL device; install pocl-opencl-icd")
        }
        return backends
    }()

    /// What is expected: for each probe the people by their best faces, with the score.
    private func nearest(_ probe: [Float], _ faces: [EnrolledFace], count: Int) -> [(
        person: String, path: String, score: Double
    )] {
        var best: [String: (place: Int, score: Double)] = [:]
        for (place, face) in faces.enumerated() {
            let score = zip(probe, face.vector).reduce(0.0) { $0 + Double($1.0) * Double($1.1) }
            if let known = best[face.person], known.score >= score { continue }
            best[face.person] = (place, score)
        }
        let order = best.sorted {
            $0.value.score > $1.value.score
                || $0.value.score == $1.value.score && $0.value.place < $1.value.place
        }
        return order.prefix(count).map { ($0.key, faces[$0.value.place].photo.path, $0.value.score) }
    }

    /// Every way to search, compared.
    private func check(
        _ faces: [EnrolledFace], probes: [[Float]], count: Int, tile: Int, exactTies: Bool = false
    ) throws {
        let dimension = probes[0].count
        var memory = FacesInMemory(dimension: dimension)
        for face in faces { try memory.append(face) }
        let expected = probes.map { nearest($0, faces, count: count) }
        try withTemporaryFolder { folder in
            let file = try GalleryFile(path: folder + "/g", creatingFor: someModel, dimension: dimension)
            try file.enroll(faces)
            for (name, backend) in Self.backends {
                for collection in [memory, file] as [any FaceCollection] {
                    let index = try FaceIndex(
                        of: collection, batch: max(1, probes.count / 2), count: max(count, 1), chunk: tile,
                        on: backend)
                    let results = [
                        try FaceSearch.nearest(
                            to: probes, among: collection, count: count, tile: tile, on: backend),
                        try index.nearest(to: probes).map { Array($0.prefix(count)) },
                    ]
                    for hits in results {
                        try #require(hits.count == probes.count)
                        for (probe, (hits, expected)) in zip(hits, expected).enumerated() {
                            let detail = Comment(
                                "probe \(probe) of \(faces.count) faces, best \(count), tiles of \(tile), \(name)"
                            )
                            try #require(hits.count == expected.count, detail)
                            #expect(Set(hits.map(\.person)).count == hits.count, detail)
                            for (hit, want) in zip(hits, expected) {
                                let source = try #require(try collection.source(of: hit.face))
                                #expect(abs(Double(hit.score) - want.score) < 2e-6, detail)
                                if source.person == want.person && source.photo.path == want.path { continue }
                                // Only rounding may choose another, and only one as near.
                                let vector = faces.first { $0.photo == source.photo }?.vector ?? []
                                let score = zip(probes[probe], vector).reduce(0.0) {
                                    $0 + Double($1.0) * Double($1.1)
                                }
                                #expect(!exactTies && abs(score - want.score) < 1e-6, detail)
                            }
                        }
                    }
                }
            }
        }
    }

    @Test(arguments: [(1, 1, 3), (1, 5, 64), (2, 40, 5), (7, 300, 64), (33, 500, 128), (5, 1000, 512)])
    func findsTheNearestPeople(queries: Int, faces: Int, dimension: Int) throws {
        var random = seededRandom()
        let known = (0..<faces).map {
            random.face(
                "p\(Int.random(in: 0...faces / 3, using: &random))", "\($0).jpg", dimension: dimension)
        }
        let probes = (0..<queries).map { _ in random.unitVector(dimension) }
        for count in [1, 3, faces + 5] {
            try check(
                known, probes: probes, count: count, tile: [7, 64, 4096].randomElement(using: &random) ?? 64)
        }
        #expect(
            try FaceSearch.nearest(
                to: probes, among: FacesInMemory(dimension: dimension), count: 2, on: Self.backends[0].backend
            ) == probes.map { _ in [] })
    }

    /// Nearly everything is one person's, and nearer than all others.
    @Test func manyFacesOfOnePersonDoNotCrowdOutOthers() throws {
        var random = seededRandom()
        let probe = random.unitVector(32)
        let known = (0..<600).map { index in
            var face = random.face(
                index % 60 == 59 ? "rare \(index)" : "frequent", "\(index).jpg", dimension: 32)
            if face.person == "frequent" {
                let mixed = zip(probe, face.vector).map { 4 * $0 + $1 }
                let length = mixed.reduce(0) { $0 + $1 * $1 }.squareRoot()
                face.vector = mixed.map { $0 / length }
            }
            return face
        }
        for count in [1, 2, 5, 11, 12] {
            try check(known, probes: [probe, probe.map { -$0 }], count: count, tile: 100)
        }
    }

    /// Copies of the same vectors: whoever came first is named.
    @Test func equalsComeInTheOrderOfEnrolment() throws {
        var random = seededRandom()
        // Half lengths have exact products in any order of the sum.
        let corners: [[Float]] = (0..<16).map { bits in (0..<4).map { bits >> $0 & 1 == 0 ? 0.5 : -0.5 } }
        for _ in 0..<3 {
            let known = (0..<200).map { index in
                var face = random.face(
                    "p\(Int.random(in: 0..<50, using: &random))", "\(index).jpg", dimension: 4)
                face.vector = corners.randomElement(using: &random) ?? corners[0]
                return face
            }
            for count in [1, 4, 60] {
                try check(
                    known, probes: Array(corners.shuffled(using: &random)[..<3]), count: count, tile: 30,
                    exactTies: true)
            }
        }
    }

    @Test func oneNumberIsADimensionToo() throws {
        var random = seededRandom()
        let known = (0..<50).map { random.face("p\($0 % 9)", "\($0).jpg", dimension: 1) }
        try check(known, probes: [[1], [-1]], count: 4, tile: 8, exactTies: true)
        try check(Array(known[..<1]), probes: [[1]], count: 4, tile: 8, exactTies: true)
        try check(known, probes: [[1]], count: 0, tile: 8)
    }

    @Test func anIndexKnowsWhoWasThereAndNamesThemAsTheyAreNow() throws {
        var random = seededRandom()
        try withTemporaryFolder { folder in
            let file = try GalleryFile(path: folder + "/g", creatingFor: someModel, dimension: 8)
            let known = ["a", "b", "c"].map { random.face($0, "\($0).jpg", dimension: 8) }
            try file.enroll(known)
            let index = try FaceIndex(of: file, batch: 2, count: 3, on: Self.backends[0].backend)
            func names(_ face: EnrolledFace) throws -> [String?] {
                try index.nearest(to: [face.vector])[0].map { try file.source(of: $0.face)?.person }
            }
            #expect(try names(known[1])[0] == "b")
            try file.rename("b", to: "B")
            #expect(try names(known[1])[0] == "B")
            // The key of the last face, once removed, is nobody's: not even of the next to come.
            try file.remove(person: "c")
            try file.enroll([random.face("d", "d.jpg", dimension: 8)])
            #expect(try names(known[2])[0] == nil)
        }
    }
}
