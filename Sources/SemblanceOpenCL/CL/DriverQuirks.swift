import SemblanceCore

extension OpenCLDevice {
    /// Whether kernels may be told to use half precision.
    package var hasHalfPrecision: Bool { extensions.contains("cl_khr_fp16") }

    /// What is known of the driver, or follows from what it says of itself, that a user or a report should know: a sentence each.
    package var quirks: [String] {
        var quirks: [String] = []
        let platform = device.platform
        if platform.contains("NVIDIA") {
            if traits.localMemory <= 48 << 10 {
                quirks.append(
                    "NVIDIA reports at most 48 KiB of local memory, also where the hardware has more")
            }
            if ["H100", "H200", "GH200", "H800", "H20"].contains(where: device.name.contains) {
                quirks.append("CLBlast has no parameters for Hopper GPUs and uses its defaults")
            }
        }
        if platform.contains("Portable Computing Language"), !hasHalfPrecision {
            quirks.append("PoCL compiles a kernel at its first launch: the first run takes long")
        }
        if !roundsDivision {
            quirks.append(
                "division and square root cannot be asked to round correctly: last bits may differ from the CPU's"
            )
        }
        if !keepsSubnormals { quirks.append("numbers below 1.2e-38 are taken for zero") }
        if let memory = device.memory, maxAllocation < memory / 2 {
            quirks.append(
                "a buffer holds at most \(maxAllocation >> 20) of \(memory >> 20) MiB: large plans use several"
            )
        }
        if traits.maxWorkGroup < 256 {
            quirks.append("work-groups of at most \(traits.maxWorkGroup): tiles and reductions are smaller")
        }
        return quirks
    }

    /// Who keeps built programs for the next start.
    package var programKeeping: String {
        BinaryStore(.automatic, platform: device.platform).map { "in \($0.folder.path)" }
            ?? "by the driver itself"
    }
}

extension DeviceTraits {
    /// What computes matrix products, in words: `implementation(m:n:k:)` decides.
    package var products: String {
        guard isGPU else { return "gemm.cl's vector kernels, one work-item a tile" }
        return "CLBlast from 64 x 256 x 64 up, gemm.cl's tiled kernel below and where a sum is split"
    }
}
