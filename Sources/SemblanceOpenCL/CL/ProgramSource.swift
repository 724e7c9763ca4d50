import CKernels
import SemblanceCore

/// What a program is built from.
struct ProgramSource: Hashable, Sendable {
    /// The stem of the file in Kernels/.
    var name: String
    /// `-D NAME=VALUE`.
    var defines: [String: Int]

    /// The embedded sources, in the order that they are compiled in. They live as long as the process.
    static func text(_ name: String) -> UnsafeBufferPointer<CChar>? {
        var length = 0
        guard let start = semblance_kernel_source(name, &length) else { return nil }
        return UnsafeBufferPointer(start: start, count: length)
    }

    /// The files that are compiled as one, in order: common.cl, what the file builds on, and the file.
    var files: [String] {
        let below =
            switch name {
            case "probeInstructions": ["fragments"]
            case "tensorCores": ["fragments", "tensorTile"]
            case "tensorWeightGradient": ["fragments", "tensorTile", "weightGradientWalk"]
            case "implicitGemm": ["registerTile"]
            case "implicitWeightGradient": ["registerTile", "weightGradientWalk"]
            default: [String]()
            }
        return ["common"] + below + [name]
    }

    /// The compiler's options. Strict on purpose: -cl-fast-relaxed-math, -cl-unsafe-math-optimizations and -cl-denorms-are-zero would
    /// let NaN checks be dropped, sums be reordered and results differ between devices. Correctly rounded division and square
    /// roots, where the device has them, are what the CPU computes.
    func options(for device: OpenCLDevice) -> String {
        let rounding = device.roundsDivision ? ["-cl-fp32-correctly-rounded-divide-sqrt"] : []
        let definitions = defines.sorted { $0.key < $1.key }.map { "-D\($0.key)=\($0.value)" }
        return (["-cl-std=CL1.2"] + rounding + definitions).joined(separator: " ")
    }
}

extension ProgramSource {
    /// Of all sources: what was measured with others says nothing of these.
    static let fingerprint: String = {
        var fingerprint = Fingerprint()
        var index = 0
        while let name = semblance_kernel_name(index).map({ String(cString: $0) }) {
            fingerprint.add(name)
            if let text = text(name) { fingerprint.add(UnsafeRawBufferPointer(text)) }
            index += 1
        }
        return fingerprint.text
    }()
}
