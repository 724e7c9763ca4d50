import Foundation
import SemblanceCPU
import SemblanceCore
import SemblanceTestSupport
import Testing

/// The backends under test.
enum TestBackend: String, CaseIterable, Sendable, CustomTestStringConvertible {
    case reference, cpu

    /// What is compared with the reference.
    static let all = allCases.filter { $0 != .reference }
    /// All, for comparisons with a third party.
    static let withReference = allCases

    var testDescription: String { rawValue }

    private static let cpuBackend = Result { () throws(SemblanceError) -> any Backend in try CPUBackend() }

    /// One backend for the whole process.
    /// - Throws: where it cannot be had.
    var backend: any Backend {
        get throws {
            switch self {
            case .reference: ReferenceBackend()
            case .cpu: try Self.cpuBackend.get()
            }
        }
    }
}
