import Foundation
import Semblance
import SemblanceCore
import SemblanceImaging

/// `--draw`: copies of the photographs with frames around the faces.
struct Drawing {
    static let option = Option(
        "--draw", "PNG",
        "write the photograph with boxes, points and names; a folder where there are several photographs")

    private let path: String?
    private let isFolderWanted: Bool
    private var names = FreshNames()

    /// - Throws: `outputUnwritable`, before any work is done.
    init(_ arguments: Arguments) throws(SemblanceError) {
        path = arguments.text("--draw")
        let operands = arguments.operands
        isFolderWanted = operands.count != 1 || operands[0] == "-" || isFolder(operands[0])
        guard let path else { return }
        if isFolderWanted { try makeFolder(path) } else { try checkWritable(path) }
    }

    struct Label {
        var face: DetectedFace
        var text: String
        var color: Color = .neutral
    }

    mutating func write(_ photo: Image, of source: String, _ labels: [Label]) throws(SemblanceError) {
        guard let path else { return }
        let marks = labels.map { label in
            let box = label.face.box
            return FaceMark(
                frame: Rectangle(
                    x: Int(box.x.rounded()), y: Int(box.y.rounded()), width: Int(box.width.rounded()),
                    height: Int(box.height.rounded())),
                points: label.face.landmarks.map { (Int($0.x.rounded()), Int($0.y.rounded())) },
                label: label.text, color: label.color)
        }
        try photo.marked(marks).writePNG(to: isFolderWanted ? "\(path)/\(names.name(for: source))" : path)
    }
}
