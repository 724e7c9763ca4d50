import Semblance
import SemblanceCore
@_exported import SemblanceOpenCL

extension DriverProbe {
    /// Of the device that is asked for; of the first GPU, or else of the first OpenCL device of any kind, where none is named.
    /// - Parameter seed: of the data; nil for any.
    /// - Throws: `deviceUnavailable` where there is no such device, and for the CPU, which has no driver.
    package init(_ request: DeviceRequest, seed: UInt64?) throws(SemblanceError) {
        guard request != .cpu else {
            throw SemblanceError(
                .deviceUnavailable, "the CPU through oneDNN has no driver to probe",
                remedy: "choose an OpenCL device: semblance devices lists them")
        }
        let devices = try OpenCLPlatform.all().flatMap(\.devices)
        let device = try request.choose(from: devices, \.device, orAny: true, orCPU: false)
        self.init(device, seed: seed ?? .random(in: .min ... .max))
    }
}
