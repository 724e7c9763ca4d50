/// What was done to a model whose products are computed on bytes, and what it changed.
public struct QuantisationSummary: Sendable, Hashable, Codable {
    /// The model that it was made of.
    public var source: String
    /// Faces whose values set the levels, and others that the change was measured on.
    public var faces: Int
    public var measuredFaces: Int
    /// Layers with 8-bit operands, and those left in floats because rounding them costs too much.
    public var layers: [String]
    public var floatLayers: [String]
    /// The part of all multiplications that bytes do, depthwise convolutions and the first layer included.
    public var share: Double
    /// Over the measured faces: 1 less the cosine of the embeddings before and after.
    public var loss: Double
    /// Over all pairs of measured faces: how much their cosine changed.
    public var meanCosineDifference: Double
}
