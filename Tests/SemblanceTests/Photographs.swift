import Foundation
import Semblance
import SemblanceTestSupport

/// Pretrained models and photographs, where this machine has them: SEMBLANCE_MODELS, SEMBLANCE_PHOTOS and SEMBLANCE_DATA name the folders,
/// and `make test` fetches the first two.
enum Photographs {
    private static func folder(_ variable: String) -> String? {
        guard let path = ProcessInfo.processInfo.environment[variable],
            let names = try? FileManager.default.contentsOfDirectory(atPath: path), !names.isEmpty
        else { return nil }
        return path
    }

    static let models: String? = {
        guard let path = folder("SEMBLANCE_MODELS") else { return nil }
        let files = ["yunet.onnx", "sface.onnx"].map { "\(path)/\($0)" }
        return files.allSatisfy(FileManager.default.isReadableFile(atPath:)) ? path : nil
    }()
    /// Of presidents, with one large face each.
    static let samples: [String] = {
        guard let path = folder("SEMBLANCE_PHOTOS") else { return [] }
        return ((try? FileManager.default.contentsOfDirectory(atPath: path)) ?? [])
            .filter { $0.hasSuffix(".jpg") }.sorted().map { "\(path)/\($0)" }
    }()
    /// LFW's images, 250 pixels square.
    static let lfw: [String] = {
        guard let path = folder("SEMBLANCE_DATA") else { return [] }
        let root = "\(path)/lfw-devtest/images"
        let people = ((try? FileManager.default.contentsOfDirectory(atPath: root)) ?? []).sorted()
        return people.compactMap { person in
            let images = try? FileManager.default.contentsOfDirectory(atPath: "\(root)/\(person)")
            return images?.sorted().first.map { "\(root)/\(person)/\($0)" }
        }
    }()

    static let missing =
        "needs the pretrained models (SEMBLANCE_MODELS), sample photographs (SEMBLANCE_PHOTOS) and OpenCV for Python"
    static var areThere: Bool { models != nil && !samples.isEmpty && ONNXRuntime.python != nil }

    static func detector(_ device: SelectedDevice, _ options: DetectionOptions = DetectionOptions()) throws
        -> FaceDetector
    {
        try FaceDetector(
            model: DetectionModel(path: "\(models ?? "")/yunet.onnx"), device: device, options: options)
    }

    static func recognizer(_ device: SelectedDevice, batch: Int = 1) throws -> FaceRecognizer {
        try FaceRecognizer(
            model: RecognitionModel(path: "\(models ?? "")/sface.onnx"), device: device, batch: batch)
    }
}

/// OpenCV's answer for one face.
struct JudgedFace {
    var face: DetectedFace
    var embedding: [Float]
}

/// OpenCV's faces of photographs, which share no code with ours.
func judgedFaces(_ paths: [String]) throws -> [[JudgedFace]] {
    let models = Photographs.models ?? ""
    let text = try ONNXRuntime.runScript(
        committed("../SemblanceTestSupport/opencv_faces.py"),
        ["\(models)/yunet.onnx", "--embedder", "\(models)/sface.onnx"] + paths)
    struct Line: Decodable {
        struct Face: Decodable {
            var box: [Double]
            var points: [[Double]]
            var score: Double
            var embedding: [Float]
        }
        var faces: [Face]
    }
    return try text.split(separator: "\n").map { line in
        try JSONDecoder().decode(Line.self, from: Data(line.utf8)).faces.map { face in
            JudgedFace(
                face: DetectedFace(
                    box: FaceBox(x: face.box[0], y: face.box[1], width: face.box[2], height: face.box[3]),
                    landmarks: face.points.map { Point(x: $0[0], y: $0[1]) }, score: face.score),
                embedding: face.embedding)
        }
    }
}

extension DetectedFace {
    /// The largest distance of a side or a point, in pixels.
    func distance(to other: DetectedFace) -> Double {
        let sides = [
            box.x - other.box.x, box.y - other.box.y, box.x + box.width - other.box.x - other.box.width,
            box.y + box.height - other.box.y - other.box.height,
        ]
        let points = zip(landmarks, other.landmarks).flatMap { [$0.x - $1.x, $0.y - $1.y] }
        return (sides + points).map(abs).max() ?? .infinity
    }
}
