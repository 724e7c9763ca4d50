import COpenCL
import SemblanceCore

/// A part of a buffer to set to one bit pattern.
struct Fill {
    var tensor: DeviceTensor
    var pattern: UInt32

    static func run(
        _ fills: [Fill], on backend: OpenCLBackend, buffers: [Shared<CLBuffer>], queue: borrowing CLQueue
    )
        throws(SemblanceError)
    {
        let group = backend.traits.flatGroup
        for fill in fills {
            let groups = min((fill.tensor.count + group - 1) / group, 4096)
            let launch = KernelLaunch(
                "fill", "fill",
                arguments: [.tensor(fill.tensor), .uint(fill.pattern), .ulong(fill.tensor.count)],
                global: [groups * group], local: [group])
            let command = try launch.bind(on: backend, buffers: buffers, subject: "initial contents")
            do {
                try command.enqueue(on: queue, temporary: nil, event: nil)
            } catch {
                throw error.error("setting initial contents on \(backend.device.name)")
            }
        }
        do {
            try queue.finish()
        } catch {
            throw error.error("setting initial contents on \(backend.device.name)")
        }
    }
}

/// Regions around values that nothing may write to.
struct Guards {
    /// A NaN that no computation makes, as a float and as two halves.
    private static let pattern: UInt32 = 0x7FA5_7FA5

    private let regions: [MemoryPlan.Region]
    /// Of a guard, in floats.
    private let size: Int

    /// - Parameter size: of a guard, in floats; 0 for none.
    init(_ layout: MemoryPlan, scratch: [MemoryPlan.Region], size: Int) {
        regions = size > 0 ? layout.regions + scratch : []
        self.size = size
    }

    /// The bytes on both sides of a region. Regions start at whole floats, but a half may be the last element.
    private func sides(of region: MemoryPlan.Region) -> [Range<Int>] {
        let (start, end, bytes) = (region.start, region.start + region.count, size * Element.float.size)
        return [start - bytes..<start, end..<end / Element.float.size * Element.float.size + bytes]
    }

    /// Of whole floats: one that holds a region's last half is written before that half gets its contents.
    var fills: [Fill] {
        regions.flatMap { region in
            sides(of: region).map { side in
                Fill(
                    tensor: DeviceTensor(
                        buffer: region.buffer, offset: side.lowerBound / Element.float.size, shape: [size]),
                    pattern: Guards.pattern)
            }
        }
    }

    /// The names of the regions whose guards no longer hold the pattern.
    func damaged(buffers: [Shared<CLBuffer>], queue: borrowing CLQueue) throws(CLStatus) -> [String] {
        var names: [String] = []
        let intact = UInt16(truncatingIfNeeded: Guards.pattern)
        for region in regions {
            for side in sides(of: region) {
                var found = [UInt16](repeating: 0, count: side.count / MemoryLayout<UInt16>.stride)
                try found.withUnsafeMutableBufferPointer { (found) throws(CLStatus) in
                    try queue.read(
                        buffers[region.buffer].handle.id, at: side.lowerBound,
                        into: UnsafeMutableRawBufferPointer(found))
                }
                if names.last != region.name, found.contains(where: { $0 != intact }) {
                    names.append(region.name)
                }
            }
        }
        return names
    }
}
