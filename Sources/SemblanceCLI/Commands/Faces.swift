import Semblance

enum FacesCommand: Command {
    static let name = "faces"
    static let summary = "Draw procedural faces (DIR/person/image), to try things out without photographs."
    static let operands = "DIR"
    static let options = [
        Option("--people", "N", "how many people (default: 20)"),
        Option("--images", "N", "images of each (default: 10)"),
        Option("--size", "PIXELS", "height and width (default: 112)"),
        Option("--seed", "N", "other seeds give other people (default: 1)"),
        Option("--prefix", "TEXT", "start of the people's names (default: person)"),
    ]

    static func run(_ arguments: Arguments) throws -> Int32 {
        let root = try arguments.operands(1, "one folder")[0]
        let people = try arguments.integer("--people", 1...100_000) ?? 20
        let images = try arguments.integer("--images", 1...10_000) ?? 10
        let size = try arguments.integer("--size", 16...1024) ?? 112
        let prefix = arguments.text("--prefix") ?? "person"
        let source = SyntheticPeople(seed: try NetworkOptions.seed(arguments))
        for person in 0..<people {
            let folder = "\(root)/\(prefix)\(digits(person, of: people))"
            try makeFolder(folder)
            for photo in 0..<images {
                try source.render(person: person, photo: photo, size: size)
                    .writePNG(to: "\(folder)/\(digits(photo, of: images)).png")
            }
        }
        Console.print("wrote \(images) images of each of \(people) people to \(root)")
        return 0
    }

    /// A number with leading zeros, so that names sort.
    private static func digits(_ number: Int, of count: Int) -> String {
        let width = max(String(count - 1).count, 2)
        let text = String(number)
        return String(repeating: "0", count: width - text.count) + text
    }
}
