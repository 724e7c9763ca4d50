import SemblanceCore

/// One thing to try on a device.
package struct ProbeTrial: Sendable {
    package let group: String
    package let name: String
    /// Why a device does not offer it; nil where it is to be tried.
    var obstacle: @Sendable (OpenCLDevice) -> String? = { _ in nil }
    let run: @Sendable (ProbeBench) throws(SemblanceError) -> ProbeItem.Finding
}

/// Finds out what a driver really does, by trying: each thing by itself, with fresh random data, against what the host computes. Nothing it finds is an
/// error. The work of each trial is bounded, but a driver that hangs is not.
package struct DriverProbe: Sendable {
    private let device: OpenCLDevice
    private let seed: UInt64
    private let faults: FaultInjection
    private let emulatesWarps: Bool

    /// - Parameters:
    ///   - seed: of the data.
    ///   - emulatesWarps: tries the emulation of warps in place of their instructions: what tests without a GPU check.
    package init(
        _ device: OpenCLDevice, seed: UInt64 = .random(in: .min ... .max),
        faults: FaultInjection = FaultInjection(),
        emulatesWarps: Bool = false
    ) {
        self.device = device
        self.seed = seed
        self.faults = faults
        self.emulatesWarps = emulatesWarps
    }

    package var facts: ProbeFacts {
        let version = (try? OpenCLPlatform.all())?.first { platform in
            platform.devices.contains { $0.device.identifier == device.device.identifier }
        }?.version
        return ProbeFacts(device, platformVersion: version ?? "", seed: seed)
    }

    /// Everything, in the order of the report.
    /// - Parameter found: gets each item as soon as it is known.
    package func run(_ found: (ProbeItem) throws -> Void) rethrows {
        for trial in ProbeTrial.all { try found(item(trial)) }
    }

    /// One thing.
    package func item(_ trial: ProbeTrial) -> ProbeItem {
        var bench: ProbeBench?
        return item(trial, on: &bench)
    }

    /// - Parameter bench: where it is tried; nil for a new one, which comes back.
    private func item(_ trial: ProbeTrial, on bench: inout ProbeBench?) -> ProbeItem {
        ProbeItem(trial, finding(trial, on: &bench))
    }

    private func finding(_ trial: ProbeTrial, on bench: inout ProbeBench?) -> ProbeItem.Finding {
        if !(emulatesWarps && trial.group == ProbeTrial.instructionGroup), let reason = trial.obstacle(device)
        {
            return .init(outcome: .notOffered, detail: reason)
        }
        do throws(SemblanceError) {
            let opened =
                if let bench { bench } else {
                    try ProbeBench(device, seed: seed, faults: faults, isEmulated: emulatesWarps)
                }
            bench = opened
            return try trial.run(opened)
        } catch {
            let isRefusal = error.code == .programBuildFailed || bench?.wasRefused == true
            return .init(outcome: isRefusal ? .refused : .failed, detail: error.message)
        }
    }
}

extension ProbeTrial {
    /// Everything, in the order of the report.
    package static let all: [ProbeTrial] =
        [programText] + WarpInstruction.allCases.map(\.trial) + [warpgroupProduct] + localMemory + halves
        + launches
        + transfers
}

extension OpenCLDevice {
    package var isNVIDIA: Bool { device.platform.contains("NVIDIA") }
}

extension DriverProbe {
    /// Why kernels for tensor cores are not to be used on the device; nil where every instruction that they are made of computed correctly.
    package func obstacle(to operand: TensorOperand) -> String? {
        let instructions: [WarpInstruction] =
            switch operand {
            case .half: [.multiplyHalf, .loadMatrices, .loadTransposed, .copy16, .round]
            case .tf32: [.multiplyTF32, .loadMatrices, .copy16, .copy4, .round]
            }
        // In one context, which takes long to open: the first failure decides, so that it spoils no other trial.
        var bench: ProbeBench?
        for instruction in instructions {
            let item = item(instruction.trial, on: &bench)
            guard item.outcome != .correct else { continue }
            return "\(item.name) is \(item.outcome.rawValue): \(item.detail)"
        }
        return nil
    }

    /// What a GPU's driver does and does not say, or says and does not do: a sentence each.
    package func quirks() -> [String] {
        guard device.traits.isGPU else { return [] }
        var quirks: [String] = []
        let half = item(.halfArithmetic)
        switch (device.hasHalfPrecision, half.outcome) {
        case (false, .correct):
            quirks.append("half arithmetic computes correctly although cl_khr_fp16 is not reported")
        case (true, .correct), (false, _): break
        case (true, _):
            quirks.append("cl_khr_fp16 is reported, and half arithmetic is \(half.outcome.rawValue)")
        }
        guard device.isNVIDIA else { return quirks }
        let items = WarpInstruction.allCases.map { item($0.trial) }
        let working = items.filter { $0.outcome == .correct }
        quirks.append(
            "inline PTX: \(working.count) of \(items.count) forms for tensor cores compute correctly")
        for item in items where item.outcome != .correct {
            quirks.append("inline PTX, \(item.name), is \(item.outcome.rawValue): \(item.detail)")
        }
        return quirks
    }
}
