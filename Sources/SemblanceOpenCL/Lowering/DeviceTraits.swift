/// What lowering may know of the device.
package struct DeviceTraits: Sendable {
    package var isGPU: Bool
    package var maxWorkGroup: Int
    package var localMemory: Int
    package var computeUnits: Int
    /// Which GEMM computes the products.
    package var gemm: GemmPolicy

    package init(
        isGPU: Bool, maxWorkGroup: Int, localMemory: Int, computeUnits: Int, gemm: GemmPolicy = .automatic
    ) {
        self.isGPU = isGPU
        self.maxWorkGroup = maxWorkGroup
        self.localMemory = localMemory
        self.computeUnits = computeUnits
        self.gemm = gemm
    }

    /// The work-group size for kernels where every element is its own work-item.
    package var flatGroup: Int { min(isGPU ? 256 : 64, maxWorkGroup) }
}
