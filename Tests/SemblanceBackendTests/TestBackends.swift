import Foundation
import SemblanceCPU
import SemblanceCore
import Testing

/// The backends under test.
enum TestBackend: String, CaseIterable, Sendable, CustomTestStringConvertible {
    case cpu

    var testDescription: String { rawValue }

    private static let cpuBackend = Result { () throws(SemblanceError) -> any Backend in try CPUBackend() }

    /// One backend for the whole process.
    /// - Throws: where it cannot be had.
    var backend: any Backend {
        get throws {
            switch self {
            case .cpu: try Self.cpuBackend.get()
            }
        }
    }
}
