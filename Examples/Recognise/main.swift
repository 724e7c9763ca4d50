// Whether two photographs show the same person: RecogniseExample PHOTO PHOTO [MODEL]
import Semblance

let arguments = CommandLine.arguments
guard arguments.count > 2 else { throw SemblanceError(.usage, "RecogniseExample PHOTO PHOTO [MODEL]") }
let device = try SelectedDevice(.automatic)
let model = try RecognitionModel(path: arguments.count > 3 ? arguments[3] : ModelFolder.resolve("sface"))
// A model without an alignment takes images as a whole: nothing is to be detected.
let detector = try model.description.alignment.map { _ in
    try FaceDetector(model: DetectionModel(path: ModelFolder.resolve("yunet")), device: device)
}
let recognizer = try PhotoRecognizer(
    FaceRecognizer(model: model, device: device), detector: detector, selection: .largest)

var faces: [RecognizedFace] = []
try recognizer.recognize(paths: arguments[1...2]) { path, _, outcome in
    guard let face = try outcome.get().first else { throw SemblanceError(.noFace, "\(path): no face") }
    faces.append(face)
}
print("similarity \(try faces[0].embedding.similarity(to: faces[1].embedding)) by \(model.identity)")
print("device \(device.device.name): \(device.reason)")
