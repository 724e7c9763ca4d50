// Trains on a folder of faces, writes the model, and names the people of other images with it:
// TrainExample FOLDER MODEL EPOCHS [IMAGE...], where FOLDER has one folder of face crops for each person.
import Semblance

let arguments = CommandLine.arguments
guard arguments.count > 3, let epochs = Int(arguments[3]) else {
    throw SemblanceError(.usage, "TrainExample FOLDER MODEL EPOCHS [IMAGE...]")
}
let folder = try FaceFolder(root: arguments[1])
let device = try SelectedDevice(.automatic)
var options = TrainingOptions()
options.epochs = epochs
options.warmUpEpochs = min(1, Double(epochs) / 4)

let network = try Architecture.small.network(size: 64, seed: options.seed)
let trainer = try Trainer(network: network, folder: folder, options: options)
let result = try trainer.run(on: device, onFault: .moveToCPU) { event in
    if case .epoch(let epoch) = event { print("epoch \(epoch.epoch): loss \(epoch.loss)") }
}
let model = RecognitionModel(result, of: trainer)
try model.write(to: arguments[2])

// Everybody's first image is enrolled.
let recognizer = try PhotoRecognizer(FaceRecognizer(model: model, device: device), detector: nil)
var gallery = Gallery(model: model.identity)
for (index, person) in folder.people.enumerated() {
    let path = folder.path(person: index, image: 0)
    try recognizer.recognize(paths: [path]) { _, _, faces in
        for face in try faces.get() { try gallery.enroll(person.name, source: path, face.embedding) }
    }
}
try recognizer.recognize(paths: arguments.dropFirst(4)) { path, _, faces in
    for match in try gallery.search(faces.get().map(\.embedding), count: 1, on: device).joined() {
        print("\(path): \(match.name) at \(match.similarity)")
    }
}
print("device \(result.device.name): \(device.reason)")
