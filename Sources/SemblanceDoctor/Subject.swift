import Semblance
import SemblanceCore
import SemblanceImaging
import SemblanceTraining
import SemblanceVerification

/// A network that devices are compared on.
package struct Subject: Sendable {
    package var name: String
    var network: Network
    var input: InputFormat
    /// From which cosine two images count as one person's; nil for the middle of what comes out.
    var threshold: Double?

    init(_ architecture: Architecture, size: Int, seed: UInt64) throws(SemblanceError) {
        network = try architecture.network(size: size, seed: seed).withRandomStatistics(seed: seed)
        input = try InputFormat(trainingInputOf: network)
        name = "\(architecture.rawValue) at \(size)"
    }

    /// A model of the user's, with its own threshold.
    package init(_ model: RecognitionModel, name: String) {
        self.name = name
        network = model.network
        input = model.description.input
        let point = model.description.calibration.recommended?.threshold
        threshold = (point ?? model.description.published?.cosine).map(Double.init)
    }

    /// Procedural faces, two of each person, as the network takes them.
    func images(_ count: Int, seed: UInt64) -> [[Float]] {
        let people = SyntheticPeople(seed: seed)
        return (0..<count).map { index in
            let image = people.render(
                person: index / 2, photo: index % 2, size: max(input.width, input.height))
            return input.planes(of: image.face(for: input))
        }
    }
}

extension InputFormat {
    /// An image of the input's size as the network takes it. The device's own way, of which this is independent, is an operation.
    fileprivate func planes(of image: Image) -> [Float] {
        let order = colours == .bgr ? [2, 1, 0] : Array(0..<colours.count)
        return order.flatMap { channel in
            (0..<height * width).map { pixel in
                (Float(image.pixels[pixel * image.channels + channel]) - mean) * scale
            }
        }
    }
}
