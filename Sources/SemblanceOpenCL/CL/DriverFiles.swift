import Foundation
import SemblanceCore

/// The files by which OpenCL's loader finds drivers: each names a library. One that cannot be loaded is left out without a word, as if it were
/// not installed.
package enum DriverFiles {
    /// A sentence for each file that leads to no driver.
    /// - Parameter vendors: a folder of .icd files, or one such file; as the loader chooses it, unless given.
    package static func problems(
        in vendors: String = ProcessInfo.processInfo.environment["OCL_ICD_VENDORS"] ?? "/etc/OpenCL/vendors"
    ) -> [String] {
        let names = (try? FileManager.default.contentsOfDirectory(atPath: vendors))?.map {
            "\(vendors)/\($0)"
        }
        return (names ?? [vendors]).filter { $0.hasSuffix(".icd") }.sorted().compactMap(problem)
    }

    private static func problem(_ file: String) -> String? {
        guard let content = try? String(contentsOfFile: file, encoding: .utf8) else {
            return "\(file) cannot be read: the OpenCL driver that it names is not used"
        }
        let library = (content.split(whereSeparator: \.isNewline).first ?? "")
            .trimmingCharacters(in: .whitespaces)
        guard !library.isEmpty else { return "\(file) names no OpenCL driver" }
        // Never closed: a driver that is in use stays, and others do not survive it.
        guard dlopen(library, RTLD_LAZY | RTLD_LOCAL) == nil else { return nil }
        let reason = dlerror().map { String(cString: $0) } ?? "no reason is given"
        return
            "\(file) names the OpenCL driver \(library), which cannot be loaded (\(reason)): install it anew, or remove the file"
    }
}
