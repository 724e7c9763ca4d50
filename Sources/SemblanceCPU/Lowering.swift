import COneDNN
import SemblanceCore

/// A tensor in memory: a buffer, a place in it, and the layout there.
struct Located {
    var buffer: Int
    /// Bytes.
    var offset: Int
    var layout: MemoryDescriptor
}

/// Finds the memory of located tensors once everything is allocated.
typealias Resolver = (Located) -> UnsafeMutablePointer<Float>

/// Something to run whose memory is not known yet.
struct Task {
    var name: String
    /// The step of the program that it belongs to.
    var step = 0
    var uses: [Located]
    var scratch: Int
    var bind:
        (_ resolve: @escaping Resolver, _ scratch: UnsafeMutableRawPointer?) throws(SemblanceError) ->
            () throws(SemblanceError) -> Void
}

/// Chooses layouts and primitives for a program, step by step: each operation takes its inputs in the layout that it likes best
/// (a reorder is inserted where the value stands in another, and its result is kept for later readers), and leaves its
/// output as it comes. What the host sees stays row-major. Constants are brought into their layout right here, once.
final class Lowering {
    enum Buffer {
        case fixed(AlignedMemory)
        case arena(size: Int)
    }

    let engine: Engine
    let threads: Int
    let program: Program
    private(set) var buffers: [Buffer] = []
    private(set) var tasks: [Task] = []
    /// Where each value stands, in every layout that it has been brought into; the first is where it was written.
    private var places: [ValueID: [Located]] = [:]
    private var lastUse: [ValueID: Int] = [:]
    /// The step that writes each value, and those that read it.
    private(set) var writers: [ValueID: Step] = [:]
    private(set) var readers: [ValueID: [Step]] = [:]
    /// Where quantised values stand as bytes, channels last.
    var levels: [ValueID: Located] = [:]
    /// By their outputs; nil for steps that are none.
    var integerProducts: [ValueID: IntegerProduct?] = [:]
    /// What an earlier step computes along with its own: its own step has nothing left to do.
    var computed: Set<ValueID> = []
    let usesIntegers: Bool
    let vectors: Vectors
    private var stepIndex = 0
    private let guardSize: Int
    /// States, inputs and outputs in memory, for the host.
    private(set) var hosted: [ValueID: Located] = [:]

    init(
        _ program: Program, engine: Engine, threads: Int, guardSize: Int, usesIntegers: Bool, vectors: Vectors
    )
        throws(SemblanceError)
    {
        self.usesIntegers = usesIntegers
        self.vectors = vectors
        self.program = program
        self.engine = engine
        self.threads = threads
        self.guardSize = guardSize
        for (index, step) in program.steps.enumerated() {
            for value in step.inputs + step.outputs { lastUse[value] = index }
            for value in step.outputs { writers[value] = step }
            for value in Set(step.inputs) { readers[value, default: []].append(step) }
        }
        for index in program.values.indices {
            let id = ValueID(index)
            let value = program[id]
            switch value.storage {
            case .input, .output, .state:
                let buffer = try fixedBuffer(size: value.shape.count * 4)
                let place = Located(
                    buffer: buffer, offset: guardSize, layout: try MemoryDescriptor(value.shape))
                hosted[id] = place
                places[id] = [place]
                if let initial = program.initialValues[id], case .fixed(let memory) = buffers[buffer] {
                    copy(initial, to: memory, offset: guardSize)
                }
            case .view(let base, let offset):
                // Views come after their base.
                guard let place = places[base]?.first else { continue }
                places[id] = [
                    Located(
                        buffer: place.buffer, offset: place.offset + offset * 4,
                        layout: try MemoryDescriptor(value.shape))
                ]
            case .constant, .intermediate:
                break
            }
        }
    }

    func shape(_ value: ValueID) -> Shape { program.shape(of: value) }

    /// The values of a constant; nil for anything else.
    func constant(_ value: ValueID) -> [Float]? {
        program[value].storage == .constant ? program.initialValues[value] : nil
    }

    func lower() throws(SemblanceError) {
        for (index, step) in program.steps.enumerated() {
            if let output = step.outputs.first, computed.contains(output) { continue }
            stepIndex = index
            try step.op.lower(step, self)
        }
    }

    // MARK: Memory

    private func copy(_ values: [Float], to memory: AlignedMemory, offset: Int) {
        values.withUnsafeBytes { source in
            guard let start = source.baseAddress else { return }
            (memory.base + offset).copyMemory(from: start, byteCount: source.count)
        }
    }

    /// Memory that lives as long as the plan.
    private func fixedBuffer(size: Int) throws(SemblanceError) -> Int {
        buffers.append(.fixed(try AlignedMemory(size: size + 2 * guardSize)))
        return buffers.count - 1
    }

    /// Memory for constants in a form of the caller's, and where it starts.
    func constantMemory(size: Int) throws(SemblanceError) -> (Located, UnsafeMutableRawPointer) {
        let memory = try AlignedMemory(size: size + 2 * guardSize)
        buffers.append(.fixed(memory))
        let layout = try MemoryDescriptor([(size + 3) / 4])
        return (
            Located(buffer: buffers.count - 1, offset: guardSize, layout: layout), memory.base + guardSize
        )
    }

    /// Memory that lives from its first to its last use.
    func temporary(_ layout: MemoryDescriptor) -> Located {
        buffers.append(.arena(size: layout.size + 2 * guardSize))
        return Located(buffer: buffers.count - 1, offset: guardSize, layout: layout)
    }

    // MARK: Values

    /// Where a value stands, in the layout that it was written in.
    func source(_ value: ValueID) throws(SemblanceError) -> Located {
        if let place = places[value]?.first { return place }
        return try source(value, as: MemoryDescriptor(shape(value)))
    }

    /// The value in the given layout.
    /// - Parameter counted: other dimensions for the same row-major elements, where the layout counts them so.
    func source(_ value: ValueID, as layout: MemoryDescriptor, counted: Shape? = nil) throws(SemblanceError)
        -> Located
    {
        let row = try MemoryDescriptor(counted ?? shape(value))
        if let place = places[value]?.first(where: { $0.layout == layout }) { return place }
        if case .constant = program[value].storage {
            let place = try pack(value, row, as: layout)
            places[value, default: []].append(place)
            return place
        }
        guard var written = places[value]?.first else {
            throw SemblanceError(.internalFault, "\(program[value].name) is read before it is written")
        }
        if counted != nil {
            written = try plain(value)
            written.layout = row
            if row == layout { return written }
        }
        let place = temporary(layout)
        try reorder(written, to: place)
        places[value, default: []].append(place)
        return place
    }

    /// The value row-major.
    func plain(_ value: ValueID) throws(SemblanceError) -> Located {
        try source(value, as: MemoryDescriptor(shape(value)))
    }

    /// The value row-major with other dimensions.
    func plain(_ value: ValueID, as shape: Shape) throws(SemblanceError) -> Located {
        var place = try plain(value)
        place.layout = try MemoryDescriptor(shape)
        return place
    }

    private func pack(_ value: ValueID, _ row: MemoryDescriptor, as layout: MemoryDescriptor)
        throws(SemblanceError) -> Located
    {
        guard let initial = program.initialValues[value] else {
            throw SemblanceError(.internalFault, "the constant \(program[value].name) has no values")
        }
        let place = Located(buffer: try fixedBuffer(size: layout.size), offset: guardSize, layout: layout)
        guard case .fixed(let memory) = buffers[place.buffer] else { return place }
        if row == layout {
            copy(initial, to: memory, offset: guardSize)
            return place
        }
        let descriptor = try PrimitiveDescriptor.reorder(row, layout, on: engine)
        let source = try AlignedMemory(size: initial.count * 4)
        copy(initial, to: source, offset: 0)
        let scratch = try AlignedMemory(size: descriptor.scratchSize)
        let primitive = try BoundPrimitive(
            descriptor, on: engine,
            arguments: [(DNNL_ARG_FROM, row, source.base), (DNNL_ARG_TO, layout, memory.base + guardSize)],
            scratch: scratch.base)
        try primitive.run()
        return place
    }

    /// Lets `write` fill a place of the given layout and makes it the value's. Values that the host or others see in place
    /// are brought to row-major afterwards.
    func define(
        _ value: ValueID, _ layout: MemoryDescriptor, write: (Located) throws(SemblanceError) -> Void
    ) throws(SemblanceError) {
        guard let fixed = places[value]?.first else {
            let place = temporary(layout)
            try write(place)
            places[value] = [place]
            return
        }
        if fixed.layout == layout {
            try write(fixed)
            places[value] = [fixed]
        } else {
            let place = temporary(layout)
            try write(place)
            try reorder(place, to: fixed)
            places[value] = [fixed, place]
        }
    }

    /// Defines a value by a primitive of one argument, in the layout that the primitive chose.
    func define(_ value: ValueID, from source: Located, _ name: String, _ descriptor: PrimitiveDescriptor)
        throws(SemblanceError)
    {
        try define(value, descriptor.layout(DNNL_ARG_DST)) { target in
            primitive(name, descriptor, [(DNNL_ARG_SRC, source), (DNNL_ARG_DST, target)])
        }
    }

    /// As `define`, row-major.
    func definePlain(_ value: ValueID, write: (Located) throws(SemblanceError) -> Void) throws(SemblanceError)
    {
        try define(value, MemoryDescriptor(shape(value)), write: write)
    }

    /// Where a state is updated in place. Other layouts of what it holds are out of date from here on.
    func updated(_ state: ValueID) throws(SemblanceError) -> Located {
        let place = try plain(state)
        for (value, all) in places where all.count > 1 && all[0].buffer == place.buffer {
            places[value] = [all[0]]
        }
        return place
    }

    /// Keeps a value as long as another.
    func extendUse(of value: ValueID, toThatOf other: ValueID) {
        lastUse[value] = max(lastUse[value] ?? 0, lastUse[other] ?? 0)
    }

    /// Makes `value` stand where `place` is, without a copy; false where the value has a place of its own.
    func alias(_ value: ValueID, to place: Located) -> Bool {
        guard places[value] == nil else { return false }
        places[value] = [place]
        return true
    }

    /// A place that already holds `residual`, to add to: the residual's own where nobody needs it any more, else a copy.
    /// - Parameter inputs: what the same operation reads, and so must not be written over.
    func accumulator(_ residual: ValueID, layout: MemoryDescriptor, inputs: [Located]) throws(SemblanceError)
        -> Located
    {
        let place = try source(residual, as: layout)
        let isFree =
            if case .arena = buffers[place.buffer], !inputs.contains(where: { $0.buffer == place.buffer }) {
                places.allSatisfy { value, all in
                    !all.contains { $0.buffer == place.buffer } || (lastUse[value] ?? 0) <= stepIndex
                }
            } else { false }
        if isFree { return place }
        let copy = temporary(layout)
        try reorder(place, to: copy)
        return copy
    }

    // MARK: Tasks

    func reorder(_ source: Located, to target: Located) throws(SemblanceError) {
        let descriptor = try PrimitiveDescriptor.reorder(source.layout, target.layout, on: engine)
        primitive("reorder", descriptor, [(DNNL_ARG_FROM, source), (DNNL_ARG_TO, target)])
    }

    func primitive(_ name: String, _ descriptor: PrimitiveDescriptor, _ arguments: [(Int32, Located)]) {
        let engine = engine
        let label = "\(name) \(descriptor.implementation)"
        append(
            Task(name: label, uses: arguments.map(\.1), scratch: descriptor.scratchSize) {
                (resolve, scratch) throws(SemblanceError) in
                let bound = try BoundPrimitive(
                    descriptor, on: engine,
                    arguments: arguments.map { ($0.0, $0.1.layout, UnsafeMutableRawPointer(resolve($0.1))) },
                    scratch: scratch)
                return { () throws(SemblanceError) in try bound.run() }
            })
    }

    /// A step that binds primitives of its own.
    func append(_ task: Task) {
        var task = task
        task.step = stepIndex
        tasks.append(task)
    }

    /// A step computed here rather than by oneDNN. `body` gets the places in the order given.
    func host(
        _ name: String, _ places: [Located],
        body: @escaping (_ memory: [UnsafeMutablePointer<Float>], _ threads: Int) -> Void
    ) {
        let threads = threads
        append(
            Task(name: name, uses: places, scratch: 0) { (resolve, _) in
                let memory = places.map(resolve)
                return { body(memory, threads) }
            })
    }
}
