import Semblance
import SemblanceCore
import SemblanceImaging

/// Collects identification results for a contact sheet. A probe whose folder is named like one of the gallery's people is taken to show
/// that person, and its frame says whether the answer was right.
struct ResultSheet {
    private let people: Set<String>
    private var sheet = ContactSheet(title: "probe > nearest in the gallery")

    init(people: Set<String>) { self.people = people }

    /// - Parameter face: the probe's part of its photograph.
    mutating func add(
        probe: String, _ face: Image, match: Gallery.Match, isAccepted: Bool?, _ photos: PhotoRecognizer
    ) throws(SemblanceError) {
        let folder = probe.split(separator: "/").dropLast().last.map(String.init) ?? ""
        let answer = isAccepted == true ? match.name : "unknown"
        let outcome: ContactSheet.Outcome =
            people.contains(folder)
            ? (answer == folder ? .right : .wrong) : (isAccepted == true ? .wrong : .neutral)
        sheet.entries.append(
            ContactSheet.Entry(
                probe: face, label: folder.isEmpty ? probe : folder,
                match: try enrolledFace(match.source, photos), matchLabel: answer, score: match.similarity,
                outcome: folder.isEmpty ? .neutral : outcome))
    }

    /// The face of an enrolled photograph, found again.
    private func enrolledFace(_ path: String, _ photos: PhotoRecognizer) throws(SemblanceError) -> Image? {
        guard let photo = try? ImageDecoder().decode(path: path) else { return nil }
        guard let detector = photos.detector else { return photos.crop.map { photo.middle($0) } ?? photo }
        let faces = try FaceSelection.largest.select(
            try detector.detect([photo])[0], width: photo.width, height: photo.height)
        return photo.face(faces.first)
    }

    func write(to path: String) throws(SemblanceError) { try sheet.render().writePNG(to: path) }
}

extension Image {
    /// The part that a detected face takes, with a margin; without one the whole image.
    func face(_ face: DetectedFace?) -> Image {
        guard let box = face?.box else { return self }
        let side = max(box.width, box.height) * 1.3
        return cropped(
            to: Rectangle(
                x: Int((box.centre.x - side / 2).rounded()), y: Int((box.centre.y - side / 2).rounded()),
                width: max(Int(side), 1), height: max(Int(side), 1)))
    }
}
