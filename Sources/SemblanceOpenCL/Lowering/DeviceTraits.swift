import SemblanceCore

/// What lowering may know of the device.
package struct DeviceTraits: Sendable {
    package var isGPU: Bool
    package var maxWorkGroup: Int
    package var localMemory: Int
    package var computeUnits: Int
    /// Which GEMM computes the products.
    package var gemm: GemmPolicy
    /// How convolutions are computed.
    package var convolution: ConvolutionPolicy
    /// How activations are stored.
    package var precision = Precision.float
    /// What convolutions round their operands to for tensor cores; nil where none are used.
    package var tensorOperand: TensorOperand?
    /// Whether what warps do for tensor cores is emulated: for tests without a GPU.
    package var emulatesWarps = false
    /// Elements of Winograd's transformed inputs and products at a time, which should stay in the device's last cache: 32 MB on GPUs (not
    /// measured).
    package var winogradElements: Int
    /// What replaces the rules for some shapes, under `automatic`.
    package var tuned = TuningChoices()

    package init(
        isGPU: Bool, maxWorkGroup: Int, localMemory: Int, computeUnits: Int, gemm: GemmPolicy = .automatic,
        convolution: ConvolutionPolicy = .automatic
    ) {
        self.isGPU = isGPU
        self.maxWorkGroup = maxWorkGroup
        self.localMemory = localMemory
        self.computeUnits = computeUnits
        self.gemm = gemm
        self.convolution = convolution
        winogradElements = isGPU ? 8 << 20 : 2 << 20
    }

    /// The work-group size for kernels where every element is its own work-item.
    package var flatGroup: Int { min(isGPU ? 256 : 64, maxWorkGroup) }
}
