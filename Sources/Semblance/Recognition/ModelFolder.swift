import Foundation
import SemblanceCore

/// Where pretrained models are kept, and which are known.
public enum ModelFolder {
    /// A model that `make models` fetches.
    public struct Entry: Sendable {
        public var name: String
        public var summary: String
        public var path: String
        public var isPresent: Bool
    }

    public static let detector = "yunet"
    public static let recognizer = "sface"

    /// SEMBLANCE_MODELS, else the user's data folder.
    public static var path: String {
        let environment = ProcessInfo.processInfo.environment
        if let path = environment["SEMBLANCE_MODELS"], !path.isEmpty { return path }
        let home = environment["HOME"] ?? "."
        let data = environment["XDG_DATA_HOME"].flatMap { $0.isEmpty ? nil : $0 } ?? home + "/.local/share"
        return data + "/semblance/models"
    }

    public static var entries: [Entry] {
        let known = [
            (detector, "YuNet: detects faces with five points (OpenCV Zoo, MIT)"),
            (recognizer, "SFace: 128-dimensional embeddings (OpenCV Zoo, Apache 2.0)"),
        ]
        return known.map { name, summary in
            let path = "\(path)/\(name).onnx"
            return Entry(
                name: name, summary: summary, path: path,
                isPresent: FileManager.default.isReadableFile(atPath: path))
        }
    }

    /// A model by its file, or by the name of one in the folder.
    /// - Throws: `invalidInput` where a known one has not been fetched.
    public static func resolve(_ text: String) throws(SemblanceError) -> String {
        guard let entry = entries.first(where: { $0.name == text }) else { return text }
        guard entry.isPresent else {
            throw SemblanceError(
                .invalidInput, "the model \(text) is not there: \(entry.path) cannot be read",
                remedy:
                    "make models fetches it, or give the file of another; SEMBLANCE_MODELS names the folder")
        }
        return entry.path
    }
}
