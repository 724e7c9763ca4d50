/// What a network expects of its input's pixels: the one description that training, recognition and the model file share.
public struct InputFormat: Sendable, Hashable, Codable {
    /// The planes of the input, in order.
    public enum Colours: String, Sendable, Hashable, Codable {
        case grey, rgb, bgr

        public var count: Int { self == .grey ? 1 : 3 }
    }

    public var height: Int
    public var width: Int
    public var colours: Colours
    /// The network sees (p - mean) * scale of a pixel p from 0 to 255.
    public var mean: Float
    public var scale: Float

    public init(
        height: Int, width: Int, colours: Colours, mean: Float = 127.5, scale: Float = 1 / 127.5
    ) {
        self.height = height
        self.width = width
        self.colours = colours
        self.mean = mean
        self.scale = scale
    }

    /// The format that training here uses for a network's input: pixels from -1 to 1, grey or RGB.
    /// - Throws: `invalidModel` for an input that is no image of 1 or 3 channels.
    public init(trainingInputOf network: Network) throws(SemblanceError) {
        let shape = network.inputShape
        guard shape.rank == 3, shape[0] == 1 || shape[0] == 3, shape[1] > 0, shape[2] > 0 else {
            throw SemblanceError(
                .invalidModel, "the input \(shape) of \(network.name) is no image of 1 or 3 channels")
        }
        self.init(height: shape[1], width: shape[2], colours: shape[0] == 1 ? .grey : .rgb)
    }

    /// Floats in one image.
    public var count: Int { colours.count * height * width }
}
