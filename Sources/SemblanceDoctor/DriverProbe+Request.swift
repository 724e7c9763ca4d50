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
        var found = devices.first { $0.device.kind == .gpu }
        switch request {
        case .openCL: found = devices.first { $0.device.identifier == request.description }
        case .automatic: found = found ?? devices.first
        case .gpu, .cpu: break
        }
        guard let found else {
            let known = devices.map { "\($0.device.identifier) (\($0.device.name))" }.joined(separator: ", ")
            throw SemblanceError(
                .deviceUnavailable,
                request == .gpu
                    ? "there is no GPU"
                    : "there is no OpenCL device\(request == .automatic ? "" : " \(request)")",
                remedy: known.isEmpty ? "install the device's OpenCL driver" : "choose from \(known)")
        }
        self.init(found, seed: seed ?? .random(in: .min ... .max))
    }
}
