import Foundation
import Semblance
import SemblanceCore

enum GalleryCommand: Command {
    static let name = "gallery"
    static let summary = "Look into a gallery file and change it."
    static let operands = "list|stats|remove|rename|export|import FILE ..."
    static let options = [
        Option("--entry", "ID", "remove: one face, by the number that list PERSON tells"),
        Option("--merge", nil, "rename: the new name may be somebody's already"),
        Option("--check", nil, "stats: read everything and say what is damaged"), Option.json,
    ]
    static let details = """
          list FILE [PERSON]       everybody, or somebody's faces with their photographs
          stats FILE               how much it holds, and of which model
          remove FILE PERSON       somebody with all faces; or --entry ID for one face
          rename FILE OLD NEW      gives a person another name
          export FILE [OUT]        everything as JSON, one object a line, to OUT or standard output
          import FILE [IN]         takes an export over, all of it or nothing, from IN or standard input
        """

    static func run(_ arguments: Arguments) throws -> Int32 {
        let operands = arguments.operands
        guard operands.count >= 2 else {
            throw SemblanceError(
                .usage, "gallery takes what to do and a gallery file",
                remedy: "semblance gallery --help lists what can be done")
        }
        let path = operands[1]
        let rest = Array(operands.dropFirst(2))
        func check(_ counts: ClosedRange<Int>, _ what: String) throws(SemblanceError) {
            guard counts.contains(rest.count) else {
                throw SemblanceError(
                    .usage, "gallery \(operands[0]) takes \(what)", remedy: "semblance gallery --help")
            }
        }
        switch operands[0] {
        case "list":
            try check(0...1, "a file and perhaps a person")
            try list(GalleryFile(path: path, for: .reading), person: rest.first, arguments)
        case "stats":
            try check(0...0, "a file")
            return try showStatistics(GalleryFile(path: path, for: .reading), arguments)
        case "remove":
            if let id = try arguments.integer("--entry", 0...Int.max) {
                try check(0...0, "a file and --entry")
                try GalleryFile(path: path).remove(entry: Int64(id))
                try report("removed", faces: 1, arguments)
            } else {
                try check(1...1, "a file and a person, or --entry")
                try report("removed", faces: GalleryFile(path: path).remove(person: rest[0]), arguments)
            }
        case "rename":
            try check(2...2, "a file, a name and the new name")
            let dropped = try GalleryFile(path: path).rename(
                rest[0], to: rest[1], merging: arguments.flag("--merge"))
            try report("renamed; dropped as duplicates", faces: dropped, arguments)
        case "export":
            try check(0...1, "a file and perhaps a file to write")
            try export(GalleryFile(path: path, for: .reading), to: rest.first)
        case "import":
            try check(0...1, "a file and perhaps a file to read")
            try importing(into: path, from: rest.first, arguments)
        default:
            throw SemblanceError(
                .usage, "gallery cannot \"\(operands[0])\"",
                remedy: "choose list, stats, remove, rename, export or import")
        }
        return 0
    }

    private struct Changed: Encodable {
        var outcome: String
        var faces: Int
    }

    private static func report(_ outcome: String, faces: Int, _ arguments: Arguments) throws(SemblanceError) {
        if arguments.flag("--json") {
            try Console.json(Changed(outcome: outcome, faces: faces))
        } else {
            Console.print("\(outcome): \(faces) \(faces == 1 ? "face" : "faces")")
        }
    }

    private struct PersonLine: Encodable {
        var name: String
        var faces: Int
    }

    private struct FaceLine: Encodable {
        var entry: Int64
        var name: String
        var photo: String
        var box: FaceBox?
        var added: Int
    }

    private static func list(_ gallery: GalleryFile, person: String?, _ arguments: Arguments)
        throws(SemblanceError)
    {
        let isJSON = arguments.flag("--json")
        guard let person else {
            for person in try gallery.people() {
                if isJSON {
                    try Console.json(PersonLine(name: person.name, faces: person.faces))
                } else {
                    Console.print("\(person.name): \(person.faces) \(person.faces == 1 ? "face" : "faces")")
                }
            }
            return
        }
        for entry in try gallery.entries(of: person) {
            let line = FaceLine(
                entry: entry.id, name: person, photo: entry.face.photo.path, box: entry.face.photo.box,
                added: Int(entry.face.added.timeIntervalSince1970))
            if isJSON {
                try Console.json(line)
            } else {
                let box =
                    line.box.map {
                        " at "
                            + [$0.x, $0.y, $0.width, $0.height].map { $0.formatted(0) }.joined(separator: " ")
                    } ?? ""
                Console.print("\(line.entry): \(line.photo)\(box)")
            }
        }
    }

    private static func showStatistics(_ gallery: GalleryFile, _ arguments: Arguments) throws -> Int32 {
        let statistics = try gallery.statistics()
        let problems = arguments.flag("--check") ? try gallery.problems() : []
        if arguments.flag("--json") {
            try Console.json(statistics)
        } else {
            Console.print(
                """
                gallery   \(statistics.path), format \(statistics.formatVersion), \(statistics.bytes) bytes
                model     \(statistics.model), \(statistics.dimension) numbers a face
                holds     \(statistics.faces) faces of \(statistics.people) people from \(statistics.photos) photographs; \
                at most \(statistics.mostFaces) of one person
                """)
        }
        for problem in problems { Console.error("\(gallery.path): \(problem)") }
        return problems.isEmpty ? 0 : 1
    }

    /// Into a file by way of another beside it, so that a failure leaves no half an export under the name.
    private static func export(_ gallery: GalleryFile, to path: String?) throws(SemblanceError) {
        guard let path else {
            try gallery.export { (line) throws(SemblanceError) in
                Console.print(line)
                if let problem = Console.outputProblem {
                    throw SemblanceError(
                        .outputUnwritable, "cannot write to standard output: \(problem)",
                        remedy: "free some space or send it elsewhere")
                }
            }
            return
        }
        var text: [UInt8] = []
        try gallery.export { line in
            text += line.utf8
            text.append(0x0A)
        }
        try writeAtomically(text, to: path)
    }

    private static func importing(into path: String, from source: String?, _ arguments: Arguments)
        throws(SemblanceError)
    {
        if let source {
            // In the place of standard input, which is read line by line.
            let descriptor = open(source, O_RDONLY)
            guard descriptor >= 0, dup2(descriptor, STDIN_FILENO) >= 0 else {
                throw SemblanceError(
                    .invalidInput, "cannot read \(source): \(String(cString: strerror(errno)))",
                    remedy: "check the path and its permissions")
            }
            close(descriptor)
        }
        let (gallery, result) = try GalleryFile.importing(into: path) { readLine() }
        if arguments.flag("--json") {
            try Console.json(result)
        } else {
            Console.print(
                "\(result.added) faces added, \(result.duplicates.count) were there; \(gallery.path) holds \(try gallery.faceCount)"
            )
        }
    }
}
