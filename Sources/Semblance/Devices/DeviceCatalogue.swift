import SemblanceCPU
import SemblanceCore
import SemblanceOpenCL

/// The devices of this machine, and how to open each. Tests put together their own.
package struct DeviceCatalogue: Sendable {
    /// A device and how to open it.
    package struct Offer: Sendable {
        package var device: Device
        package var open: @Sendable () throws(SemblanceError) -> any Backend

        package init(device: Device, open: @escaping @Sendable () throws(SemblanceError) -> any Backend) {
            self.device = device
            self.open = open
        }
    }

    /// Lists OpenCL's devices, of all platforms.
    package var openCL: @Sendable () throws(SemblanceError) -> [Offer]
    /// Opens the CPU with so many threads, nil for one a core.
    package var cpu: @Sendable (_ threads: Int?) throws(SemblanceError) -> any Backend

    package init(
        openCL: @escaping @Sendable () throws(SemblanceError) -> [Offer],
        cpu: @escaping @Sendable (_ threads: Int?) throws(SemblanceError) -> any Backend
    ) {
        self.openCL = openCL
        self.cpu = cpu
    }

    /// What is really there.
    package static let system = DeviceCatalogue(
        openCL: { () throws(SemblanceError) in
            try OpenCLPlatform.all().flatMap(\.devices).map { device in
                Offer(device: device.device) { () throws(SemblanceError) in try OpenCLBackend(device) }
            }
        },
        cpu: { (threads) throws(SemblanceError) in try CPUBackend(threads: threads) })
}
