/// The networks that can be made and trained here.
public enum Architecture: String, CaseIterable, Sendable {
    case iResNet18 = "iresnet18"
    case iResNet34 = "iresnet34"
    case iResNet50 = "iresnet50"
    case iResNet100 = "iresnet100"
    case mobileFaceNet = "mobilefacenet"
    case small

    /// Height and width of the input where none is asked for.
    public var defaultSize: Int { self == .small ? 64 : 112 }

    public var defaultEmbedding: Int {
        switch self {
        case .iResNet18, .iResNet34, .iResNet50, .iResNet100: 512
        case .mobileFaceNet, .small: 128
        }
    }

    /// A network with random weights.
    /// - Parameters:
    ///   - size: height and width of the input, a multiple of 16 from 32 to 512.
    ///   - channels: 1 (grey) or 3 (RGB).
    ///   - embedding: length of the output vector, or nil for the architecture's own.
    /// - Throws: `usage` for a size, channel count or embedding that makes no sense.
    public func network(size: Int, channels: Int = 3, embedding: Int? = nil, seed: UInt64)
        throws(SemblanceError)
        -> Network
    {
        guard size % 16 == 0, (32...512).contains(size) else {
            throw SemblanceError(
                .usage, "an input size of \(size) does not suit \(rawValue)",
                remedy: "choose a multiple of 16 from 32 to 512, such as \(defaultSize)")
        }
        guard channels == 1 || channels == 3 else {
            throw SemblanceError(.usage, "\(channels) channels", remedy: "choose 1 (grey) or 3 (RGB)")
        }
        let embedding = embedding ?? defaultEmbedding
        guard (8...4096).contains(embedding) else {
            throw SemblanceError(.usage, "an embedding of \(embedding) numbers", remedy: "choose 8 to 4096")
        }
        var builder = NetworkBuilder(name: rawValue, input: [channels, size, size], seed: seed)
        switch self {
        case .iResNet18: try builder.iResNet(blocks: [2, 2, 2, 2], embedding: embedding)
        case .iResNet34: try builder.iResNet(blocks: [3, 4, 6, 3], embedding: embedding)
        case .iResNet50: try builder.iResNet(blocks: [3, 4, 14, 3], embedding: embedding)
        case .iResNet100: try builder.iResNet(blocks: [3, 13, 30, 3], embedding: embedding)
        case .mobileFaceNet: try builder.mobileFaceNet(embedding: embedding)
        case .small: try builder.small(embedding: embedding)
        }
        return builder.finished()
    }
}
