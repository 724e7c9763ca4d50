import SemblanceCore

extension Op {
    /// Appends the commands that compute the operation. Each operation's own lowering stands in Ops/NAME+OpenCL.swift.
    /// - Throws: `unsupportedOperation` for what this backend lacks.
    package func lower(
        inputs: [DeviceTensor], outputs: [DeviceTensor], into lowering: inout Lowering
    ) throws(SemblanceError) {
        switch self {
        default:
            throw SemblanceError(.unsupportedOperation, "OpenCL has no kernel for \(name)")
        }
    }
}
