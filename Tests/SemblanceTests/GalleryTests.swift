import Foundation
import Semblance
import SemblanceCore
import SemblanceImaging
import SemblanceTestSupport
import Testing

@Suite struct GalleryTests {
    private let model: ModelIdentity
    private let other: ModelIdentity
    private let device: SelectedDevice

    init() throws {
        model = ModelIdentity(of: try tinyNetwork(seed: 1))
        other = ModelIdentity(of: try tinyNetwork(seed: 2))
        device = try SelectedDevice(.cpu)
    }

    /// A unit vector in the plane, at an angle in degrees.
    private func at(_ degrees: Double, _ model: ModelIdentity? = nil) -> Embedding {
        let angle = degrees * .pi / 180
        return Embedding(values: [Float(cos(angle)), Float(sin(angle))], model: model ?? self.model)
    }

    @Test func similarityIsTheCosine() throws {
        for degrees in [0.0, 30, 60, 90, 150, 180] {
            let got = try at(10).similarity(to: at(10 + degrees))
            #expect(abs(Double(got) - cos(degrees * .pi / 180)) < 1e-6)
        }
    }

    @Test func modelsDoNotMix() throws {
        let error = #expect(throws: SemblanceError.self) { try at(0).similarity(to: at(0, other)) }
        #expect(error?.code == .modelMismatch && error?.message.contains("\(other)") == true)
        var gallery = Gallery(model: model)
        #expect(errorCode { try gallery.enroll("a", source: "a.png", at(0, other)) } == .modelMismatch)
        #expect(try gallery.faceCount == 0)
        try gallery.enroll("a", source: "a.png", at(0))
        #expect(errorCode { _ = try gallery.search([at(0, other)], count: 1, on: device) } == .modelMismatch)
    }

    @Test func findsTheNearestPeopleInOrder() throws {
        var gallery = Gallery(model: model)
        #expect(try gallery.search([at(0)], count: 3, on: device) == [[]])
        for (name, degrees) in [("far", 120.0), ("near", 70), ("near", 20), ("middle", 40), ("near", 90)] {
            try gallery.enroll(name, source: "\(name)-\(Int(degrees))", at(degrees))
        }
        #expect(try gallery.peopleCount == 3)
        #expect(try gallery.faceCount == 5)
        let matches = try gallery.search([at(0)], count: 10, on: device)[0]
        #expect(matches.map(\.name) == ["near", "middle", "far"])
        #expect(matches.map(\.source) == ["near-20", "middle-40", "far-120"])
        for (match, degrees) in zip(matches, [20.0, 40, 120]) {
            #expect(abs(Double(match.similarity) - cos(degrees * .pi / 180)) < 1e-6)
        }
        for count in [-1, 0, 1, 2, 3, 4] {
            let some = try gallery.search([at(0)], count: count, on: device)[0]
            #expect(some == Array(matches.prefix(max(count, 0))))
        }
    }

    @Test func tiesAreInTheOrderOfEnrolment() throws {
        var gallery = Gallery(model: model)
        let names = ["d", "a", "c", "b", "e"]
        for name in names { try gallery.enroll(name, source: name, at(30)) }
        try gallery.enroll("z", source: "z", at(10))
        #expect(try gallery.search([at(0)], count: 9, on: device)[0].map(\.name) == ["z"] + names)
    }
}

@Suite struct GalleryFolderTests {
    private func write(_ names: [String], in folder: String) throws {
        let picture = SyntheticPeople(seed: 1).render(person: 0, photo: 0, size: 16)
        for name in names {
            let path = folder + "/" + name
            try FileManager.default.createDirectory(
                atPath: (path as NSString).deletingLastPathComponent, withIntermediateDirectories: true)
            if name.contains("notes") || name.contains("DS_Store") {
                try Data("text".utf8).write(to: URL(filePath: path))
            } else {
                try picture.writePNG(to: path)
            }
        }
    }

    @Test func readsFoldersAndLooseImages() throws {
        try withTemporaryFolder { folder in
            try write(
                [
                    "bob/2.png", "bob/1.png", "bob/notes.txt", "ann.png", "notes.txt", ".DS_Store",
                    "cy/.DS_Store",
                    "cy/face", "empty/notes.txt", ".hidden/1.png",
                ], in: folder)
            let images = try GalleryFolder(root: folder).images
            #expect(images.map(\.name) == ["ann", "bob", "bob", "cy"])
            #expect(
                images.map(\.path)
                    == ["ann.png", "bob/1.png", "bob/2.png", "cy/face"].map { folder + "/" + $0 })
        }
    }

    @Test func aFolderWithoutImagesIsNamed() throws {
        try withTemporaryFolder { folder in
            try write(["notes.txt", "bob/notes.txt"], in: folder)
            for path in [folder, folder + "/bob", folder + "/missing", folder + "/notes.txt"] {
                let error = #expect(throws: SemblanceError.self) { try GalleryFolder(root: path) }
                #expect(error?.code == .invalidInput && error?.message.contains(path) == true)
                #expect(error?.remedy != nil && error.map { "\($0)".contains("Error Domain") } == false)
            }
        }
    }
}
