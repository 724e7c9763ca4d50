import Foundation
import Semblance
import SemblanceImaging

/// A folder of procedural faces, `root/person/photo.png`, deleted with the object.
final class FaceFiles {
    let root: String

    init(people: Int, photos: Int, size: Int = 32, seed: UInt64) throws {
        root = FileManager.default.temporaryDirectory.path + "/semblance-faces-\(UUID().uuidString)"
        let source = SyntheticPeople(seed: seed)
        for person in 0..<people {
            let folder = root + String(format: "/p%02d", person)
            try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
            for photo in 0..<photos {
                try source.render(person: person, photo: photo, size: size)
                    .writePNG(to: folder + "/\(photo).png")
            }
        }
    }

    deinit { try? FileManager.default.removeItem(atPath: root) }

    func folder() throws -> FaceFolder { try FaceFolder(root: root) }
}

/// Options for runs of a second.
func quickOptions(epochs: Int, batch: Int = 8, seed: UInt64 = 1) -> TrainingOptions {
    var options = TrainingOptions()
    options.epochs = epochs
    options.batch = batch
    options.seed = seed
    options.learningRate = 0.02
    options.loss = .cosFace(margin: 0.1, scale: 16)
    options.loaderThreads = 1
    options.heldOutFraction = 0.25
    return options
}
