/// The one error type of the engine: what went wrong, on what, and what the user can do about it.
public struct SemblanceError: Error, Sendable, CustomStringConvertible {
    /// The kind of failure; callers decide on this, people read `message` and `remedy`.
    public enum Code: String, Sendable, Hashable {
        /// A wrong option or argument.
        case usage
        /// A missing, unreadable or damaged input file, or a folder without the expected content.
        case invalidInput
        /// A file format that the engine does not read.
        case unsupportedFormat
        /// A file that is no valid model, or one that is cut short or corrupted.
        case invalidModel
        /// An operation, shape or attribute that a backend or the reader cannot handle.
        case unsupportedOperation
        /// No platform or no device of the kind asked for.
        case deviceUnavailable
        /// A device program that does not build.
        case programBuildFailed
        /// An allocation that does not fit on the host or on the device.
        case outOfMemory
        /// A device that failed while it was working.
        case deviceFault
        /// NaN or infinity where numbers were expected.
        case numericalFailure
        /// An output that cannot be written.
        case outputUnwritable
        /// Embeddings, galleries or checkpoints that belong to another model.
        case modelMismatch
        /// A photograph without a face.
        case noFace
        /// A photograph with several faces where one is wanted.
        case severalFaces
        /// The user asked to stop.
        case cancelled
        /// A broken invariant of the engine itself: a bug.
        case internalFault
    }

    public let code: Code
    /// What failed, on which file, operation or shape, and why.
    public let message: String
    /// What to do about it, if there is something.
    public let remedy: String?
    /// The error underneath.
    public let cause: (any Error)?

    public init(_ code: Code, _ message: String, remedy: String? = nil, cause: (any Error)? = nil) {
        self.code = code
        self.message = message
        self.remedy = remedy
        self.cause = cause
    }

    /// Whether another device may well succeed where this one failed.
    public var isOfDevice: Bool { code == .deviceFault || code == .outOfMemory }

    public var description: String {
        var text = message
        if let cause { text += " (\(cause))" }
        if let remedy { text += "; \(remedy)" }
        return text
    }
}
