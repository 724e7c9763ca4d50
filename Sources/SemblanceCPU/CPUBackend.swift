import COneDNN
import Foundation
import SemblanceCore

/// Runs programs on the CPU: oneDNN for the products, normalisations and poolings, Swift for the rest.
package final class CPUBackend: Backend {
    package let device: Device
    package let threads: Int
    private let engine: Engine
    private let faults: Faults
    private let usesIntegers: Bool
    private let vectors: Vectors

    /// Failures to provoke, for tests.
    package struct Faults: Sendable {
        /// Memory that plans may take, in bytes.
        package var memoryLimit: Int?
        /// The run, counted over all plans of the backend's process from 0, that fails.
        package var failingRun: Int?

        package init(memoryLimit: Int? = nil, failingRun: Int? = nil) {
            self.memoryLimit = memoryLimit
            self.failingRun = failingRun
        }
    }

    /// - Parameters:
    ///   - threads: how many threads compute; nil for one a core.
    ///   - usesIntegers: whether quantised products may be computed on bytes where the processor can; floats give the same but for rounding.
    ///   - vectors: of our own convolutions, which the processor must have; with none, oneDNN computes them.
    package init(
        threads: Int? = nil, faults: Faults = Faults(), usesIntegers: Bool = true, vectors: Vectors = .widest
    ) throws(SemblanceError) {
        self.usesIntegers = usesIntegers
        self.vectors = vectors
        self.threads = max(1, threads ?? ProcessInfo.processInfo.activeProcessorCount)
        self.faults = faults
        engine = try Engine()
        let version = dnnl_version().pointee
        device = Device(
            kind: .cpu, identifier: "cpu", name: Self.processorName(), platform: "oneDNN",
            driver: "\(version.major).\(version.minor).\(version.patch)",
            memory: Int(clamping: ProcessInfo.processInfo.physicalMemory))
    }

    /// The instruction set that oneDNN compiles for.
    package static var instructionSet: String {
        switch dnnl_get_effective_cpu_isa() {
        case dnnl_cpu_isa_sse41: "SSE4.1"
        case dnnl_cpu_isa_avx: "AVX"
        case dnnl_cpu_isa_avx2: "AVX2"
        case dnnl_cpu_isa_avx2_vnni: "AVX2 with VNNI"
        case dnnl_cpu_isa_avx512_core: "AVX-512"
        case dnnl_cpu_isa_avx512_core_vnni: "AVX-512 with VNNI"
        case dnnl_cpu_isa_avx512_core_bf16: "AVX-512 with VNNI and BF16"
        case dnnl_cpu_isa_avx512_core_amx: "AVX-512 with AMX"
        default: "all that the processor has"
        }
    }

    private static func processorName() -> String {
        let info = (try? String(contentsOfFile: "/proc/cpuinfo", encoding: .utf8)) ?? ""
        let line = info.split(separator: "\n").first { $0.hasPrefix("model name") }
        return line?.split(separator: ":").last.map { $0.trimmingCharacters(in: .whitespaces) } ?? "CPU"
    }

    /// Whether the processor has instructions for products of bytes (AVX-512 VNNI).
    package static var hasIntegers: Bool { IntegerProduct.isSupported }

    package func supports(_ op: Op, inputs: [Shape], outputs: [Shape]) -> Bool { true }

    package func prepare(_ program: Program, options: PlanOptions) throws(SemblanceError) -> any Plan {
        omp_set_num_threads(Int32(threads))
        return try CPUPlan(
            program, engine: engine, threads: threads, device: device, options: options, faults: faults,
            usesIntegers: usesIntegers, vectors: vectors)
    }
}
