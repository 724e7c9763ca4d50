import Foundation
import SemblanceCore
import SemblanceGallery
import SemblanceTestSupport
import Testing

@Suite struct GalleryFileTests {
    private func withGallery(dimension: Int = 6, _ body: (GalleryFile) throws -> Void) throws {
        try withTemporaryFolder { folder in
            try body(GalleryFile(path: folder + "/g.gallery", creatingFor: someModel, dimension: dimension))
        }
    }

    @Test(arguments: [1, 6, 512, 3000])
    func whatIsEnrolledIsThereForOthers(dimension: Int) throws {
        var random = seededRandom()
        try withTemporaryFolder { folder in
            let path = folder + "/known people.gallery"
            let gallery = try GalleryFile(path: path, creatingFor: someModel, dimension: dimension)
            let names = ["Zoë", "ann", "Ann", "O'Brien; DROP TABLE face", "名前"]
            let faces = (0..<60).map { index in
                random.face(names[index % 5], "/p/\(index / 2).jpg", dimension: dimension, number: index % 2)
            }
            #expect(try gallery.enroll(Array(faces[..<7])).added == 7)
            #expect(try gallery.enroll(Array(faces[7...])).added == 53)
            #expect(try gallery.enroll([]).added == 0)
            let other = try GalleryFile(path: path, for: .reading)
            #expect(other.model == someModel && other.dimension == dimension)
            #expect(try other.everything() == faces)
            #expect(
                try other.people().map(\.name)
                    == names.sorted { Array($0.utf8).lexicographicallyPrecedes(Array($1.utf8)) })
            #expect(try other.people().allSatisfy { $0.faces == 12 })
            #expect(try other.problems() == [])
            // One file is all that there is.
            #expect(try FileManager.default.contentsOfDirectory(atPath: folder) == ["known people.gallery"])
        }
    }

    @Test func duplicatesAreCountedAndLeftAlone() throws {
        var random = seededRandom()
        try withGallery { gallery in
            var first = random.face("a", "1.jpg", dimension: 6)
            first.photo.contentHash = "abc"
            var again = first
            again.vector = random.unitVector(6)
            var copied = again
            copied.photo.path = "copy of 1.jpg"
            var second = first
            second.photo.face = 1
            var other = first
            other.person = "b"
            var unhashed = second
            unhashed.photo.path = "2.jpg"
            unhashed.photo.contentHash = nil
            let result = try gallery.enroll([first, again, copied, second, other, unhashed, unhashed])
            #expect(result.added == 4 && result.duplicates == [1, 2, 6])
            #expect(try gallery.everything() == [first, second, other, unhashed])
            #expect(try gallery.enroll([again, other]).duplicates == [0, 1])
        }
    }

    @Test func aBatchIsAllOrNothing() throws {
        var random = seededRandom()
        try withGallery { gallery in
            let good = random.face("a", "1.jpg", dimension: 6)
            try gallery.enroll([good])
            var wrong: [EnrolledFace] = []
            for value in [Float.nan, .infinity, 2, 0] {
                wrong.append(random.face("b", "\(value).jpg", dimension: 6))
                wrong[wrong.count - 1].vector[3] = value
            }
            wrong[3].vector = [0, 0, 0, 0, 0, 0]
            for face in wrong {
                let error = failure { try gallery.enroll([random.face("c", "3.jpg", dimension: 6), face]) }
                #expect(error?.code == .numericalFailure && error?.message.contains(face.photo.path) == true)
            }
            for dimension in [0, 5, 7] {
                let error = failure { try gallery.enroll([random.face("b", "x.jpg", dimension: dimension)]) }
                #expect(
                    error?.code == .invalidInput && error?.message.contains("\(dimension) numbers") == true)
            }
            for name in ["", "two\nlines", "zero\0", String(repeating: "x", count: 1025)] {
                #expect(
                    failure { try gallery.enroll([random.face(name, "x.jpg", dimension: 6)]) }?.code
                        == .invalidInput)
                #expect(failure { try gallery.rename("a", to: name) }?.code == .invalidInput)
            }
            #expect(try gallery.everything() == [good])
        }
    }

    /// Random changes, against a list that shares nothing with the file.
    @Test func changesKeepThePromise() throws {
        var random = seededRandom()
        try withGallery { gallery in
            var model: [EnrolledFace] = []
            func name() -> String { "p\(Int.random(in: 0..<6, using: &random))" }
            for step in 0..<400 {
                let person = name(), other = name()
                let isThere = model.contains { $0.person == person }
                switch Int.random(in: 0..<10, using: &random) {
                case 0..<6:
                    // Few photographs, so that people meet in them.
                    var face = random.face(
                        person, "\(Int.random(in: 0..<30, using: &random)).jpg", dimension: 6)
                    face.photo.contentHash = nil
                    let isKnown = model.contains { $0.person == person && $0.photo.path == face.photo.path }
                    #expect(try gallery.enroll([face]).added == (isKnown ? 0 : 1))
                    if !isKnown { model.append(face) }
                case 6:
                    let count = model.count { $0.person == person }
                    if isThere {
                        #expect(try gallery.remove(person: person) == count)
                    } else {
                        #expect(failure { try gallery.remove(person: person) }?.code == .invalidInput)
                    }
                    model.removeAll { $0.person == person }
                case 7:
                    guard isThere, let entry = try gallery.entries(of: person).randomElement(using: &random)
                    else {
                        #expect(
                            failure { _ = try gallery.entries(of: person) }?.message.contains(person) == true)
                        continue
                    }
                    try gallery.remove(entry: entry.id)
                    #expect(failure { try gallery.remove(entry: entry.id) }?.code == .invalidInput)
                    model.removeAll { $0 == entry.face }
                default:
                    guard isThere, person != other else { continue }
                    let isTaken = model.contains { $0.person == other }
                    let merges = step % 2 == 0
                    if isTaken && !merges {
                        let error = failure { try gallery.rename(person, to: other) }
                        #expect(error?.code == .invalidInput && error?.remedy?.contains("merge") == true)
                        continue
                    }
                    let taken = Set(model.filter { $0.person == other }.map(\.photo.path))
                    let dropped = try gallery.rename(person, to: other, merging: merges)
                    #expect(dropped == model.count { $0.person == person && taken.contains($0.photo.path) })
                    model.removeAll { $0.person == person && taken.contains($0.photo.path) }
                    for index in model.indices where model[index].person == person {
                        model[index].person = other
                    }
                }
                let key = { (face: EnrolledFace) in face.person + "/" + face.photo.path }
                let expected = model.sorted { key($0) < key($1) }
                #expect(try gallery.everything().sorted { key($0) < key($1) } == expected)
            }
            #expect(try gallery.problems() == [])
            let statistics = try gallery.statistics()
            #expect(statistics.faces == model.count && statistics.people == Set(model.map(\.person)).count)
            #expect(statistics.photos == Set(model.map(\.photo.path)).count)
            let counts = Dictionary(grouping: model, by: \.person).mapValues(\.count)
            #expect(statistics.mostFaces == counts.values.max() ?? 0)
            #expect(statistics.newest == model.map { Int($0.added.timeIntervalSince1970) }.max())
        }
    }

    @Test func whatIsRemovedIsGoneFromTheFile() throws {
        var random = seededRandom()
        try withGallery(dimension: 64) { gallery in
            let secret = random.face("secret person", "/very/secret/photo.jpg", dimension: 64)
            try gallery.enroll((0..<50).map { random.face("a", "\($0).jpg", dimension: 64) } + [secret])
            func holds(_ needle: Data) throws -> Bool {
                try Data(contentsOf: URL(filePath: gallery.path)).range(of: needle) != nil
            }
            let needles = [
                Data("secret person".utf8), Data("/very/secret".utf8),
                secret.vector.withUnsafeBytes { Data($0) },
            ]
            for needle in needles { #expect(try holds(needle)) }
            try gallery.remove(person: "secret person")
            for needle in needles { #expect(try !holds(needle)) }
        }
    }

    @Test func anotherModelIsRefusedWithBothNames() throws {
        try withGallery { gallery in
            for error in [
                failure { try gallery.require(anotherModel) },
                failure { _ = try GalleryFile(path: gallery.path, creatingFor: anotherModel, dimension: 6) },
            ] {
                #expect(error?.code == .modelMismatch && error?.remedy?.contains("photographs") == true)
                #expect(error?.message.contains("\(someModel)") == true)
                #expect(error?.message.contains("\(anotherModel)") == true)
            }
            #expect(failure { try gallery.require(someModel) } == nil)
            let error = failure {
                _ = try GalleryFile(path: gallery.path, creatingFor: someModel, dimension: 7)
            }
            #expect(error?.code == .invalidInput && error?.message.contains("6 numbers") == true)
        }
    }

    @Test func tilesHoldEveryFaceInOrder() throws {
        var random = seededRandom()
        try withGallery(dimension: 5) { gallery in
            let faces = (0..<23).map { random.face("p\($0 % 4)", "\($0).jpg", dimension: 5) }
            try gallery.enroll(faces)
            var memory = FacesInMemory(dimension: 5)
            for face in faces { try memory.append(face) }
            for collection in [gallery, memory] as [any FaceCollection] {
                for capacity in [1, 7, 23, 100] {
                    var read: [EnrolledFace] = [], people: [Int64] = [], sizes: [Int] = []
                    try collection.readTiles(of: capacity) { (tile) throws(SemblanceError) in
                        sizes.append(tile.count)
                        for row in 0..<tile.count {
                            let source = try collection.source(of: tile.faces[row])
                            read.append(
                                EnrolledFace(
                                    person: source?.person ?? "",
                                    photo: source?.photo ?? PhotoReference(path: ""),
                                    vector: Array(tile.vectors[row * 5..<(row + 1) * 5])))
                            people.append(tile.people[row])
                        }
                    }
                    #expect(
                        read.map(\.vector) == faces.map(\.vector) && read.map(\.photo) == faces.map(\.photo))
                    #expect(read.map(\.person) == faces.map(\.person))
                    #expect(Set(zip(people, read.map(\.person)).map { "\($0) \($1)" }).count == 4)
                    #expect(sizes.dropLast().allSatisfy { $0 == capacity } && sizes.reduce(0, +) == 23)
                }
            }
        }
    }
}
