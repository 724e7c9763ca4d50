import Foundation
import SemblanceCore
import SemblanceGallery

// GalleryWriter FILE PREFIX BATCH [COUNT]: enrolls batches of faces and prints the number of each once it is acknowledged, for ever or
// COUNT times. GALLERY_WRITER_USER lowers its privileges, and GALLERY_WRITER_FILE_SIZE limits what it may write, in bytes.
let arguments = CommandLine.arguments
let (path, prefix, batch) = (arguments[1], arguments[2], Int(arguments[3]) ?? 1)
let rounds = arguments.count > 4 ? Int(arguments[4]) ?? 0 : Int.max
let dimension = 8
let environment = ProcessInfo.processInfo.environment

if let limit = environment["GALLERY_WRITER_FILE_SIZE"].flatMap(UInt.init) {
    signal(SIGXFSZ, SIG_IGN)
    var limits = rlimit(rlim_cur: limit, rlim_max: limit)
    setrlimit(__rlimit_resource_t(RLIMIT_FSIZE.rawValue), &limits)
}
if let user = environment["GALLERY_WRITER_USER"].flatMap(UInt32.init) {
    guard setgid(user) == 0, setuid(user) == 0 else { exit(3) }
}

/// A unit vector that says which face of which batch it is.
func vector(_ round: Int, _ index: Int) -> [Float] {
    let angle = Double(round * 131 + index)
    return [Float(cos(angle)), Float(sin(angle))] + [Float](repeating: 0, count: dimension - 2)
}

do {
    let gallery = try GalleryFile(
        path: path, creatingFor: ModelIdentity(architecture: "test", fingerprint: "0"), dimension: dimension)
    for round in 0..<rounds {
        let faces = (0..<batch).map { index in
            EnrolledFace(
                person: "\(prefix)-\(round % 7)",
                photo: PhotoReference(path: "/photos/\(prefix)/\(round)/\(index).jpg"),
                vector: vector(round, index))
        }
        let result = try gallery.enroll(faces)
        guard result.added == batch else { throw SemblanceError(.internalFault, "duplicates: \(result)") }
        FileHandle.standardOutput.write(Data("\(round)\n".utf8))
    }
} catch {
    FileHandle.standardError.write(Data("\(error)\n".utf8))
    exit(1)
}
