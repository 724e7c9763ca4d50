import Semblance
import SemblanceCore
import SemblanceImaging
import SemblanceVerification

/// Embeds one face in so many on the CPU too, and compares. Where the faces are and how they are turned is the device's word.
package struct SpotCheck {
    /// A face of which the device and the CPU make different things.
    package struct Disagreement: Sendable {
        package var image: String
        /// The face's place among the photograph's, from 0.
        package var face: Int
        /// Between the two embeddings.
        package var cosine: Double
        /// The largest of an element.
        package var difference: Double
    }

    /// The face of each so many that is checked is the first.
    package let interval: Int
    package private(set) var checked = 0
    package private(set) var disagreements = 0
    package private(set) var lowestCosine = 1.0
    package private(set) var largestDifference = 0.0
    private let photos: PhotoRecognizer
    private let cpu: FaceRecognizer
    private let allowedCosine: Double
    private var seen = 0

    /// Whether there is anything to compare: not where the CPU does the work itself.
    package var isUseful: Bool { photos.recognizer.device.device.identifier != cpu.device.device.identifier }

    /// - Throws: what preparing the model on the CPU throws.
    package init(_ photos: PhotoRecognizer, every interval: Int, threads: Int? = nil) throws(SemblanceError) {
        self.interval = interval
        self.photos = photos
        allowedCosine =
            Tolerances.embeddings(
                photos.recognizer.device.precision, isQuantised: photos.recognizer.model.network.isQuantised
            ).cosine
        cpu = try FaceRecognizer(
            model: photos.recognizer.model, device: SelectedDevice(.cpu, threads: threads))
    }

    /// Counts a photograph's faces and checks those that are due.
    package mutating func check(_ path: String, _ photo: Image, _ faces: [RecognizedFace])
        throws(SemblanceError) -> [Disagreement]
    {
        var found: [Disagreement] = []
        for (index, face) in faces.enumerated() {
            seen += 1
            guard (seen - 1) % interval == 0, isUseful else { continue }
            let expected = try embedding(of: face.face, in: photo)
            let (a, b) = (face.embedding.values.map(Double.init), expected.values.map(Double.init))
            let cosine = dot(a, b) / (dot(a, a) * dot(b, b)).squareRoot()
            let difference = SemblanceDoctor.largestDifference(a, b)
            checked += 1
            lowestCosine = 1 - largest([1 - lowestCosine, 1 - cosine])
            largestDifference = largest([largestDifference, difference])
            // Not `<`: a NaN is no agreement.
            guard !(cosine >= allowedCosine) else { continue }
            disagreements += 1
            found.append(Disagreement(image: path, face: index, cosine: cosine, difference: difference))
        }
        return found
    }

    private func embedding(of face: DetectedFace?, in photo: Image) throws(SemblanceError) -> Embedding {
        guard let face else { return try cpu.embed([photos.crop.map(photo.middle) ?? photo])[0] }
        return try cpu.embed(faces: [(photo, face)])[0]
    }
}
