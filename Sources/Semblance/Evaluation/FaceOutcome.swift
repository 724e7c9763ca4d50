import SemblanceCore

/// What became of one photograph: three different things, none of which may pass for another.
public enum FaceOutcome: Sendable {
    case face(Embedding)
    case noFace
    /// The file cannot be read.
    case failed(SemblanceError)

    var vector: [Float]? { if case .face(let embedding) = self { embedding.values } else { nil } }
}

/// How many of some photographs came to what.
public struct FaceCounts: Sendable, Encodable, Hashable {
    public var total = 0
    public var scored = 0
    public var noFace = 0
    public var failed = 0

    init(_ outcomes: some Sequence<FaceOutcome>) {
        for outcome in outcomes {
            total += 1
            switch outcome {
            case .face: scored += 1
            case .noFace: noFace += 1
            case .failed: failed += 1
            }
        }
    }
}

/// An optional that is `null` in JSON rather than left out: a figure that was withheld.
@propertyWrapper public struct OrNull<Value: Sendable & Encodable>: Sendable, Encodable {
    public var wrappedValue: Value?

    public init(wrappedValue: Value?) { self.wrappedValue = wrappedValue }

    public func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(wrappedValue)
    }
}
