// Tries damaged model files on the reader: FuzzONNX SECONDS FAULTS SPECIMENS...
//
// SPECIMENS are folders of sound .onnx files. A second process does the work, so that a crash, an endless loop or a memory that
// grows beyond all bounds in it is seen, counted and survived. Files that bring one about are kept in the folder FAULTS.
import Foundation

let arguments = Array(CommandLine.arguments.dropFirst())
if arguments.first == "--work" {
    try Worker(Array(arguments.dropFirst())).run()
} else if let watcher = Watcher(arguments) {
    exit(try watcher.run() ? 0 : 1)
} else {
    print("usage: FuzzONNX SECONDS FAULTS SPECIMENS...")
    exit(2)
}
