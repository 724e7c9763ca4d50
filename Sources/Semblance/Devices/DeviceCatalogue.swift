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
    /// What OpenCL lists and cannot be asked, in sentences.
    package var unresponsive: @Sendable () -> [String]

    package init(
        openCL: @escaping @Sendable () throws(SemblanceError) -> [Offer],
        cpu: @escaping @Sendable (_ threads: Int?) throws(SemblanceError) -> any Backend,
        unresponsive: @escaping @Sendable () -> [String] = { [] }
    ) {
        self.openCL = openCL
        self.cpu = cpu
        self.unresponsive = unresponsive
    }

    /// What is really there.
    package static let system = system(convolution: .automatic, precision: .float)

    /// What is really there, with OpenCL's convolutions computed and its activations stored in some way.
    package static func system(convolution: ConvolutionPolicy, precision: Precision) -> DeviceCatalogue {
        DeviceCatalogue(
            openCL: { () throws(SemblanceError) in
                try OpenCLPlatform.all().flatMap(\.devices).map { device in
                    Offer(device: device.device) { () throws(SemblanceError) in
                        try OpenCLBackend(device, convolution: convolution, precision: precision)
                    }
                }
            },
            cpu: { (threads) throws(SemblanceError) in try CPUBackend(threads: threads) },
            unresponsive: { (try? OpenCLPlatform.all())?.flatMap(\.problems) ?? [] })
    }
}
