import Semblance

/// Collects identification results for a contact sheet. A probe whose folder is named like one of the gallery's people is taken to show
/// that person, and its frame says whether the answer was right.
struct ResultSheet {
    private let people: Set<String>
    private var sheet = ContactSheet(title: "probe > nearest in the gallery")

    init(people: Set<String>) { self.people = people }

    mutating func add(probe: String, match: Gallery.Match, isAccepted: Bool?, _ arguments: Arguments)
        throws(SemblanceError)
    {
        let folder = probe.split(separator: "/").dropLast().last.map(String.init) ?? ""
        let answer = isAccepted == true ? match.name : "unknown"
        let outcome: ContactSheet.Outcome =
            people.contains(folder)
            ? (answer == folder ? .right : .wrong) : (isAccepted == true ? .wrong : .neutral)
        sheet.entries.append(
            ContactSheet.Entry(
                probe: try FaceOptions.face(probe, arguments), label: folder.isEmpty ? probe : folder,
                match: try FaceOptions.face(match.source, arguments),
                matchLabel: answer,
                score: match.similarity,
                outcome: folder.isEmpty ? .neutral : outcome))
    }

    func write(to path: String) throws(SemblanceError) { try sheet.render().writePNG(to: path) }
}
