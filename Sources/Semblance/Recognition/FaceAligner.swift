import SemblanceCore
import SemblanceImaging

/// Cuts faces out of images, turned and scaled to a template, on a device.
public final class FaceAligner: Sendable {
    public let alignment: Alignment
    /// The side of the square crops, in pixels.
    public let size: Int
    private let plan: Recoverable<ImagePlan>

    /// - Parameter size: the side of a crop.
    /// - Throws: what preparing on the device throws.
    public init(size: Int = 112, device: SelectedDevice, batch: Int = 16, onFault: FaultPolicy = .fail)
        throws(SemblanceError)
    {
        guard (16...1024).contains(size), (1...4096).contains(batch) else {
            throw SemblanceError(
                .usage, "crops of \(size) pixels in batches of \(batch)",
                remedy: "choose a size from 16 to 1024 and a batch from 1 to 4096")
        }
        self.size = size
        alignment = .arcFace(size: size)
        let format = InputFormat(height: size, width: size, colours: .rgb, mean: 0, scale: 1)
        // Nothing but the input.
        let network = Network(
            name: "aligned", inputName: "face", inputShape: [3, size, size], nodes: [], parameters: [],
            outputNames: ["face"])
        plan = try Recoverable(on: device, policy: onFault) { (device) throws(SemblanceError) in
            try ImagePlan(network, format: format, batch: batch, capacity: 9 * size * size, on: device)
        }
    }

    /// The faces as RGB images of `size` x `size`; black where they reach past the image.
    public func align(_ faces: [(image: Image, face: DetectedFace)]) throws(SemblanceError) -> [Image] {
        let views = try faces.map { (face) throws(SemblanceError) in
            ImageView(face.image, try alignment.transform(of: face.face.landmarks))
        }
        let plane = size * size
        return try plan.use { (plan) throws(SemblanceError) in
            var images: [Image] = []
            var planes = [Float](repeating: 0, count: plan.batch * 3 * plane)
            while images.count < views.count {
                let part = views[images.count..<min(images.count + plan.batch, views.count)]
                try plan.run(part)
                try planes.withUnsafeMutableBufferPointer { (planes) throws(SemblanceError) in
                    try plan.read(0, into: planes)
                }
                for index in 0..<part.count {
                    var pixels = [UInt8](repeating: 0, count: 3 * plane)
                    for channel in 0..<3 {
                        let source = (index * 3 + channel) * plane
                        for pixel in 0..<plane {
                            pixels[3 * pixel + channel] = UInt8(
                                min(max(planes[source + pixel], 0), 255) + 0.5)
                        }
                    }
                    images.append(Image(unchecked: pixels, width: size, height: size, channels: 3))
                }
            }
            return images
        }
    }
}
