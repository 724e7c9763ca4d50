import Foundation

/// What to install for a GPU to be found.
package enum GPUAdvice {
    /// One sentence for each maker of graphics hardware that the system lists, or one for all makers.
    /// - Parameter devices: the folder in which the system lists PCI devices.
    package static func lines(pciDevices devices: String = "/sys/bus/pci/devices") -> [String] {
        func text(_ path: String) -> String {
            let content = (try? String(contentsOfFile: path, encoding: .utf8)) ?? ""
            return content.trimmingCharacters(in: .whitespacesAndNewlines)
        }
        var makers: Set<String> = []
        for device in (try? FileManager.default.contentsOfDirectory(atPath: devices)) ?? [] {
            // Displays of all kinds, and accelerators.
            let kind = text("\(devices)/\(device)/class")
            guard kind.hasPrefix("0x03") || kind.hasPrefix("0x12") else { continue }
            makers.insert(text("\(devices)/\(device)/vendor"))
        }
        let found = remedies.filter { makers.contains($0.vendor) }
        guard !found.isEmpty else {
            return ["for a GPU, install its OpenCL driver: \(remedies.map(\.remedy).joined(separator: "; "))"]
        }
        return found.map {
            "a GPU of \($0.maker) is in this machine, and no OpenCL driver offers it: \($0.remedy); then see that the user may open /dev/dri/render* or /dev/nvidia*"
        }
    }

    private static let remedies = [
        (vendor: "0x10de", maker: "NVIDIA", remedy: "NVIDIA: the package nvidia-opencl-icd, with the driver"),
        (
            vendor: "0x1002", maker: "AMD",
            remedy: "AMD: AMD's ROCm (rocm-opencl), or the package mesa-opencl-icd"
        ),
        (vendor: "0x8086", maker: "Intel", remedy: "Intel: the package intel-opencl-icd"),
    ]
}
