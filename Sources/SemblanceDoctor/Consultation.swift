import Semblance
import SemblanceCore
import SemblanceOpenCL

/// Which devices a doctor looks at besides the CPU, and what is wrong with the list of them.
package struct Consultation: Sendable {
    package var offers: [DeviceCatalogue.Offer] = []
    /// What is wrong before any device is examined.
    package var findings: [String] = []
    /// Why there is no GPU and what to install, where one would be used.
    package var notes: [String] = []

    /// - Parameter all: every device there is.
    /// - Throws: `deviceUnavailable` where the request names what there is not.
    package init(
        _ request: DeviceRequest, all: Bool, catalogue: DeviceCatalogue = .system
    ) throws(SemblanceError) {
        if request == .cpu, !all { return }
        let listed: [DeviceCatalogue.Offer]
        do throws(SemblanceError) {
            listed = try catalogue.openCL()
        } catch {
            guard all || request == .automatic else { throw error }
            findings.append("OpenCL cannot be used: \(error)")
            return
        }
        findings += catalogue.unresponsive()
        let hasGPU = listed.contains { $0.device.kind == .gpu }
        if all {
            offers = listed
        } else if hasGPU || request != .automatic {
            offers = [try request.choose(from: listed, \.device)]
        }
        if !hasGPU {
            notes = ["no GPU was found: \(listed.map(\.device).absenceOfGPU)"] + DriverFiles.problems()
            notes += GPUAdvice.lines()
        }
    }
}
