import COpenCL
import Foundation
import SemblanceCore

/// How bytes go between host and device.
private enum TransferMethod: String, CaseIterable {
    /// From and to memory of the program's own, with a call that waits.
    case ordinary = "ordinary memory"
    /// Through page-locked memory, the host's copy into or out of it included.
    case staged = "staged"
    /// From and to page-locked memory.
    case pageLocked = "page-locked memory"
}

extension ProbeTrial {
    private static let group = "transfers"
    private static let sizes = [4 << 10, 64 << 10, 1 << 20, 8 << 20, 64 << 20]

    static let transfers: [ProbeTrial] =
        TransferMethod.allCases.flatMap { method in
            [true, false].map { isWrite in
                ProbeTrial(group: group, name: "\(isWrite ? "write" : "read"), \(method.rawValue)") {
                    (bench) throws(SemblanceError) in
                    var figures: [ProbeItem.Figure] = []
                    for size in sizes where size <= bench.device.maxAllocation / 4 {
                        guard let rate = try bench.transferRate(size, method, isWrite: isWrite) else {
                            return .init(
                                outcome: .wrong, detail: "\(size) bytes did not arrive as they were",
                                figures: figures)
                        }
                        figures.append(.init(what: byteCount(size), value: rate * 1e-9, unit: "GB/s"))
                    }
                    return .init(outcome: .measured, figures: figures)
                }
            }
        } + [deviceCopy(byKernel: false), deviceCopy(byKernel: true)]

    /// A copy within the device's memory, its reading and its writing counted.
    private static func deviceCopy(byKernel: Bool) -> ProbeTrial {
        ProbeTrial(
            group: group, name: "copy on the device, \(byKernel ? "by a kernel" : "by clEnqueueCopyBuffer")"
        ) { (bench) throws(SemblanceError) in
            let most = bench.device.traits.isGPU ? 256 << 20 : 64 << 20
            let size = min(most, bench.device.maxAllocation / 4) / 4096 * 4096
            let values = bench.pattern(bytes: size)
            let source = try bench.buffer(values)
            let target = try bench.buffer([UInt32](repeating: 0, count: values.count))
            var copy: Shared<CLKernel>?
            if byKernel {
                copy = try bench.kernel(
                    "copy", of: bench.program("probe"), [.buffer(source), .buffer(target)])
            }
            let local = min(256, bench.device.traits.maxWorkGroup)
            let times = try bench.times(most: 20) { () throws(SemblanceError) in
                if let copy {
                    try bench.enqueue(copy, global: size / 16, local: local)
                } else {
                    try bench.asking("copying a buffer") { () throws(CLStatus) in
                        try check(
                            clEnqueueCopyBuffer(
                                bench.queue.handle.id, source.handle.id, target.handle.id, 0, 0, size, 0, nil,
                                nil))
                    }
                }
                try bench.finish()
            }
            guard try bench.read(target, values.count, like: UInt32(0)) == values else {
                return .init(outcome: .wrong, detail: "\(size) bytes did not arrive as they were")
            }
            return .init(
                outcome: .measured,
                figures: [
                    .init(what: byteCount(size), value: Double(2 * size) / times.median * 1e-9, unit: "GB/s")
                ])
        }
    }

    private static func byteCount(_ bytes: Int) -> String {
        bytes < 1 << 20 ? "\(bytes >> 10) KiB" : "\(bytes >> 20) MiB"
    }
}

extension ProbeBench {
    /// Words that differ from place to place and from run to run.
    fileprivate func pattern(bytes: Int) -> [UInt32] {
        let seed = UInt32.random(in: .min ... .max, using: &random)
        return (0..<UInt32(bytes / 4)).map { ($0 &+ seed) &* 2_654_435_761 }
    }

    /// Bytes a second, by the median; nil where they did not arrive as they were.
    fileprivate func transferRate(_ size: Int, _ method: TransferMethod, isWrite: Bool) throws(SemblanceError)
        -> Double?
    {
        let values = pattern(bytes: size)
        let buffer = try isWrite ? buffer(bytes: size) : buffer(values)
        var host = isWrite ? values : [UInt32](repeating: 0, count: values.count)
        var locked: PageLockedMemory?
        if method != .ordinary {
            locked = try PageLockedMemory(bytes: size, for: "transfers", on: backend, queue: queue)
            if isWrite { locked?.pointer.copyMemory(from: values, byteCount: size) }
        }
        let times = try times(most: 50) { () throws(SemblanceError) in
            try host.withUnsafeMutableBufferPointer { (values) throws(SemblanceError) in
                guard let start = UnsafeMutableRawPointer(values.baseAddress) else { return }
                let isStaged = method == .staged
                if let locked, isStaged, isWrite { locked.pointer.copyMemory(from: start, byteCount: size) }
                try self.transfer(
                    buffer, locked?.pointer ?? start, size, isWrite: isWrite, waits: locked == nil)
                if let locked, isStaged, !isWrite { start.copyMemory(from: locked.pointer, byteCount: size) }
            }
        }
        if isWrite {
            host = try read(buffer, values.count, like: UInt32(0))
        } else if method == .pageLocked, let locked {
            host.withUnsafeMutableBytes {
                $0.copyMemory(from: UnsafeRawBufferPointer(start: locked.pointer, count: size))
            }
        }
        return host == values ? Double(size) / times.median : nil
    }

    private func transfer(
        _ buffer: Shared<CLBuffer>, _ memory: UnsafeMutableRawPointer, _ size: Int, isWrite: Bool, waits: Bool
    ) throws(SemblanceError) {
        try asking("transferring \(size) bytes") { () throws(CLStatus) in
            let (queue, buffer, waits) = (
                queue.handle.id, buffer.handle.id, cl_bool(waits ? CL_TRUE : CL_FALSE)
            )
            try check(
                isWrite
                    ? clEnqueueWriteBuffer(queue, buffer, waits, 0, size, memory, 0, nil, nil)
                    : clEnqueueReadBuffer(queue, buffer, waits, 0, size, memory, 0, nil, nil))
        }
        try finish()
    }
}
