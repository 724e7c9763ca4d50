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
    /// A NaN that no computation makes.
    private static let pattern: UInt32 = 0x7FA5_5A5A

    private let regions: [MemoryPlan.Region]
    private let elements: Int

    init(_ layout: MemoryPlan, scratch: [MemoryPlan.Region], elements: Int) {
        regions = elements > 0 ? layout.regions + scratch : []
        self.elements = elements
    }

    private func sides(of region: MemoryPlan.Region) -> [Int] {
        [region.offset - elements, region.offset + region.count]
    }

    var fills: [Fill] {
        regions.flatMap { region in
            sides(of: region).map { start in
                Fill(
                    tensor: DeviceTensor(buffer: region.buffer, offset: start, shape: [elements]),
                    pattern: Guards.pattern)
            }
        }
    }

    /// The names of the regions whose guards no longer hold the pattern.
    func damaged(buffers: [Shared<CLBuffer>], queue: borrowing CLQueue) throws(CLStatus) -> [String] {
        var names: [String] = []
        var found = [UInt32](repeating: 0, count: elements)
        for region in regions {
            for start in sides(of: region) {
                try found.withUnsafeMutableBufferPointer { (elements) throws(CLStatus) in
                    try queue.read(
                        buffers[region.buffer].handle.id, at: start * MemoryLayout<Float>.stride,
                        into: UnsafeMutableRawBufferPointer(elements))
                }
                if names.last != region.name, found.contains(where: { $0 != Guards.pattern }) {
                    names.append(region.name)
                }
            }
        }
        return names
    }
}
