import CKernels
import SemblanceCore
import SemblanceOpenCL
import SemblanceTestSupport
import Testing

/// Every kernel compiles in every variant that lowering asks for, whatever the device: for GPUs and CPUs, with each GEMM, and with the
/// 64-bit indices of tensors that no test can allocate.
@Suite struct KernelVariantTests {
    private struct Variant: Hashable {
        var source: String
        var function: String
        var defines: [String: Int]
    }

    /// What lowering asks for over the whole table of cases; on tensor cores over what `ProductTests` runs, for an emulated warp takes long to compile.
    private func variants(for guise: TestDevice.Guise, of device: OpenCLDevice) throws -> [Variant:
        KernelLaunch]
    {
        var found: [Variant: KernelLaunch] = [:]
        let traits = guise.traits(of: device)
        for opCase in guise.isOfTensorCores ? ProductTests.cases(guise) : OpCase.all {
            let launches = try opCase.op.launches(
                inputs: opCase.inputs.map(\.shape), outputs: opCase.outputs.map(\.shape), on: traits)
            for launch in launches {
                found[Variant(source: launch.source, function: launch.function, defines: launch.defines)] =
                    launch
            }
        }
        return found
    }

    @Test(.needsOpenCL) func everyVariantCompiles() throws {
        let device = try TestDevice.device()
        var all: [Variant: KernelLaunch] = [:]
        for guise in TestDevice.Guise.allCases {
            all.merge(try variants(for: guise, of: device)) { first, _ in first }
        }
        let backend = try TestDevice.backend(binaries: .off)
        for var launch in all.values {
            try backend.build(launch)
            // Convolutions on tensor cores do not know it.
            guard !launch.source.hasPrefix("tensor") else { continue }
            launch.defines["WIDE"] = 1
            try backend.build(launch)
        }

        // No file in Kernels/ is left out, but for what others are built on and what the probe tries: a kernel that nothing asks for is dead.
        let used = Set(all.keys.map(\.source))
        let parts = [
            "common", "fill", "fragments", "registerTile", "reshape", "tensorTile", "weightGradientWalk",
        ]
        var index = 0
        while let name = semblance_kernel_name(index).map({ String(cString: $0) }) {
            index += 1
            if !parts.contains(name), !name.hasPrefix("probe") {
                #expect(used.contains(name), "\(name).cl")
            }
        }
        #expect(index > 20)
    }
}
