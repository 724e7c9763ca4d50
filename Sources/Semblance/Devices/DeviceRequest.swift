import SemblanceCore

/// The device that the user asks for: by the API, by `--device` or by SEMBLANCE_DEVICE.
public enum DeviceRequest: Sendable, Hashable, CustomStringConvertible {
    /// A GPU where there is one, else the CPU; and the CPU too where the GPU cannot do the work.
    case automatic
    /// The CPU through oneDNN.
    case cpu
    /// The first GPU of any OpenCL platform; an error where there is none.
    case gpu
    /// One OpenCL device of any kind, by its platform's and its own number as `semblance devices` lists them.
    case openCL(platform: Int, device: Int)

    /// - Throws: `usage` for anything but `auto`, `cpu`, `gpu` and `opencl:PLATFORM:DEVICE`.
    public init(parsing text: String) throws(SemblanceError) {
        let parts = text.lowercased().split(separator: ":", omittingEmptySubsequences: false)
        switch (parts.first, parts.count) {
        case ("auto", 1): self = .automatic
        case ("cpu", 1): self = .cpu
        case ("gpu", 1): self = .gpu
        case ("opencl", 3):
            if let platform = Int(parts[1]), let device = Int(parts[2]), platform >= 0, device >= 0 {
                self = .openCL(platform: platform, device: device)
            } else {
                fallthrough
            }
        default:
            throw SemblanceError(
                .usage, "there is no device \"\(text)\"",
                remedy: "choose auto, cpu, gpu or opencl:PLATFORM:DEVICE")
        }
    }

    /// What SEMBLANCE_DEVICE asks for, or `automatic`.
    public static func fromEnvironment(_ environment: [String: String]) throws(SemblanceError)
        -> DeviceRequest
    {
        guard let text = environment["SEMBLANCE_DEVICE"], !text.isEmpty else { return .automatic }
        return try DeviceRequest(parsing: text)
    }

    public var description: String {
        switch self {
        case .automatic: "auto"
        case .cpu: "cpu"
        case .gpu: "gpu"
        case .openCL(let platform, let device): "opencl:\(platform):\(device)"
        }
    }
}
