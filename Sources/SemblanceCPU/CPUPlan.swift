import COneDNN
import Foundation
import SemblanceCore

/// A program lowered to primitives bound to memory.
final class CPUPlan: Plan {
    let program: Program
    let device: Device
    let kernels: [String]
    let memory: Int

    private let threads: Int
    private let options: PlanOptions
    private let hosted: [ValueID: Located]
    private let memories: [AlignedMemory]
    /// The start of each buffer.
    private let starts: [UnsafeMutableRawPointer]
    private let runs: [() throws(SemblanceError) -> Void]
    private let steps: [Int]
    private var times: [(start: Double, seconds: Double)]
    private var guards: [(name: String, start: UnsafeMutableRawPointer)] = []
    private let faults: CPUBackend.Faults
    private var runCount = 0

    init(
        _ program: Program, engine: Engine, threads: Int, device: Device, options: PlanOptions,
        faults: CPUBackend.Faults, usesIntegers: Bool, vectors: Vectors
    ) throws(SemblanceError) {
        self.program = program.withoutInitialValues()
        self.device = device
        self.threads = threads
        self.options = options
        self.faults = faults
        let guardSize = (options.guardElements * 4 + 63) / 64 * 64
        let lowering = try Lowering(
            program, engine: engine, threads: threads, guardSize: guardSize, usesIntegers: usesIntegers,
            vectors: vectors)
        try lowering.lower()
        kernels = lowering.tasks.map(\.name)
        steps = lowering.tasks.map(\.step)
        times = [(Double, Double)](repeating: (0, 0), count: kernels.count)
        hosted = lowering.hosted

        // The arena. With guards every buffer keeps its memory to itself, so that nothing lawful touches a guard.
        var requests: [ArenaLayout.Request] = []
        var slots: [Int: Int] = [:]
        for (index, task) in lowering.tasks.enumerated() {
            for place in task.uses {
                guard case .arena(let size) = lowering.buffers[place.buffer] else { continue }
                if let slot = slots[place.buffer] {
                    requests[slot].last = index
                } else {
                    slots[place.buffer] = requests.count
                    let isGuarded = guardSize > 0
                    requests.append(
                        ArenaLayout.Request(
                            size: size, first: isGuarded ? 0 : index,
                            last: isGuarded ? lowering.tasks.count : index))
                }
            }
        }
        if guardSize > 0 { for slot in requests.indices { requests[slot].last = lowering.tasks.count } }
        let layout = ArenaLayout(requests, alignment: AlignedMemory.alignment)
        let scratchSize = lowering.tasks.map(\.scratch).max() ?? 0
        var fixedSize = 0
        for case .fixed(let memory) in lowering.buffers { fixedSize += memory.size }
        memory = fixedSize + layout.size + scratchSize
        if let limit = faults.memoryLimit, memory > limit {
            throw SemblanceError(
                .outOfMemory, "the plan needs \(memory) bytes and \(limit) are allowed",
                remedy: "use a smaller batch or input size")
        }
        let arena = try AlignedMemory(size: layout.size)
        let scratch = try AlignedMemory(size: scratchSize)
        if options.poisons { arena.floats.update(repeating: .nan) }
        var memories = [arena, scratch]
        var starts: [UnsafeMutableRawPointer] = []
        for (index, buffer) in lowering.buffers.enumerated() {
            switch buffer {
            case .fixed(let memory):
                memories.append(memory)
                starts.append(memory.base)
                if guardSize > 0 { guards += Self.guardRegions(index, memory.base, memory.size, guardSize) }
            case .arena(let size):
                let start = arena.base + (slots[index].map { layout.offsets[$0] } ?? 0)
                starts.append(start)
                if guardSize > 0, slots[index] != nil {
                    guards += Self.guardRegions(index, start, size, guardSize)
                }
            }
        }
        self.memories = memories
        self.starts = starts
        let bases = starts
        let resolve: Resolver = { (bases[$0.buffer] + $0.offset).assumingMemoryBound(to: Float.self) }
        runs = try lowering.tasks.map { (task) throws(SemblanceError) in try task.bind(resolve, scratch.base)
        }
        for (_, start) in guards { memset(start, Int32(Self.guardByte), guardSize) }
        guard options.poisons else { return }
        for (value, place) in hosted where program[value].storage == .output {
            resolve(place).update(repeating: .nan, count: program.shape(of: value).count)
        }
    }

    private static let guardByte: UInt8 = 0xA5

    private static func guardRegions(
        _ buffer: Int, _ start: UnsafeMutableRawPointer, _ size: Int, _ guardSize: Int
    ) -> [(name: String, start: UnsafeMutableRawPointer)] {
        [("before buffer \(buffer)", start), ("after buffer \(buffer)", start + size - guardSize)]
    }

    func damagedGuards() throws(SemblanceError) -> [String] {
        let guardSize = (options.guardElements * 4 + 63) / 64 * 64
        return guards.filter { region in
            let bytes = UnsafeRawBufferPointer(start: region.start, count: guardSize)
            return bytes.contains { $0 != Self.guardByte }
        }.map(\.name)
    }

    func run() throws(SemblanceError) {
        if let failing = faults.failingRun, runCount == failing {
            throw SemblanceError(.deviceFault, "the CPU failed at run \(failing) (injected)")
        }
        runCount += 1
        // The thread count belongs to the calling thread in OpenMP.
        omp_set_num_threads(Int32(threads))
        guard options.profiles else {
            for run in runs { try run() }
            return
        }
        let beginning = ContinuousClock.now
        for (index, run) in runs.enumerated() {
            let start = beginning.secondsElapsed
            try run()
            times[index] = (start, beginning.secondsElapsed - start)
        }
    }

    private func memory(of value: ValueID, count: Int) throws(SemblanceError) -> UnsafeMutablePointer<Float> {
        guard let place = hosted[value], count == program.shape(of: value).count else {
            throw SemblanceError(
                .internalFault,
                "\(count) elements for \(program[value].name) \(program.shape(of: value)), which the host does not share"
            )
        }
        return (starts[place.buffer] + place.offset).assumingMemoryBound(to: Float.self)
    }

    func write(_ values: UnsafeBufferPointer<Float>, to value: ValueID) throws(SemblanceError) {
        let target = try memory(of: value, count: values.count)
        if let source = values.baseAddress { target.update(from: source, count: values.count) }
    }

    func read(_ value: ValueID, into values: UnsafeMutableBufferPointer<Float>) throws(SemblanceError) {
        let source = try memory(of: value, count: values.count)
        values.baseAddress?.update(from: source, count: values.count)
    }

    func timings() throws(SemblanceError) -> [StepTiming] {
        guard options.profiles else { return [] }
        return kernels.indices.map {
            StepTiming(
                kernel: kernels[$0], step: steps[$0], start: times[$0].start, seconds: times[$0].seconds)
        }
    }
}
