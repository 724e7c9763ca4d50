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

extension DeviceRequest {
    /// The offer that the request names by number or, in all other cases, the first GPU.
    /// - Throws: `deviceUnavailable` where there is none.
    package func offer(in offers: [DeviceCatalogue.Offer]) throws(SemblanceError) -> DeviceCatalogue.Offer {
        guard case .openCL = self else {
            if let offer = offers.first(where: { $0.device.kind == .gpu }) { return offer }
            throw SemblanceError(
                .deviceUnavailable, "there is no GPU: \(offers.absenceOfGPU)",
                remedy: "install the GPU's OpenCL driver, or use --device cpu")
        }
        if let offer = offers.first(where: { $0.device.identifier == description }) { return offer }
        let known = offers.map { "\($0.device.identifier) (\($0.device.name))" }
        throw SemblanceError(
            .deviceUnavailable, "there is no OpenCL device \(self)",
            remedy: known.isEmpty
                ? "install an OpenCL driver, or use --device cpu"
                : "choose from \(known.joined(separator: ", "))")
    }
}

extension [DeviceCatalogue.Offer] {
    /// Why there is no GPU.
    package var absenceOfGPU: String {
        guard !isEmpty else { return "no OpenCL platform or device is installed" }
        let names = map { "\($0.device.name) [\($0.device.kind.rawValue)]" }
        return "OpenCL has only \(names.joined(separator: ", "))"
    }
}
