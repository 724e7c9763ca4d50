import SemblanceCore

/// Where every value of a program lies. Buffer 0 is scratch memory, 1 the arena of the intermediates, 2 packed constants; the others hold inputs, outputs,
/// constants and states, as many as fit the device's largest allocation.
struct MemoryPlan {
    static let scratch = 0
    static let arena = 1
    static let packed = 2
    /// Floats at the end of every buffer that vector loads may run into.
    static let margin = 64

    /// A value's own memory, which aliases and views share; in bytes.
    struct Region {
        var name: String
        var buffer: Int
        var start: Int
        var count: Int

        init(_ name: String, _ tensor: DeviceTensor) {
            self.name = name
            (buffer, start, count) = (tensor.buffer, tensor.place, tensor.byteCount)
        }
    }

    /// By value.
    private(set) var tensors: [DeviceTensor] = []
    /// Floats of each buffer, without the margin; those of scratch memory and of packed constants are not known here.
    private(set) var bufferCounts = [0, 0, 0]
    private(set) var regions: [Region] = []

    /// - Parameters:
    ///   - elements: what each value is stored as; float for all but intermediates.
    ///   - guardElements: floats kept free on both sides of every region. Regions of the arena then never share memory, or one's value would
    ///     overwrite the other's guard.
    ///   - alignment: in floats.
    ///   - limit: floats of the largest buffer; a value that is larger gets one of its own, for the device to refuse.
    init(_ program: Program, elements: [Element], guardElements: Int, alignment: Int, limit: Int) {
        func rounded(_ count: Int) -> Int { (count + alignment - 1) / alignment * alignment }
        let before = rounded(guardElements)
        func perFloat(_ value: ValueID) -> Int { Element.float.size / elements[value.index].size }
        func size(_ value: ValueID) -> Int {
            let floats = (program.shape(of: value).count + perFloat(value) - 1) / perFloat(value)
            return before + rounded(floats + guardElements)
        }

        let owners = MemoryPlan.owners(program, elements)
        var places = [(buffer: Int, offset: Int)?](repeating: nil, count: program.values.count)

        // The arena: intermediates, from the first to the last step that uses them or an alias.
        var lifetimes: [Int: ClosedRange<Int>] = [:]
        for (position, step) in program.steps.enumerated() {
            for value in step.inputs + step.outputs {
                let owner = owners[value.index].value
                let first = lifetimes[owner.index]?.lowerBound ?? position
                lifetimes[owner.index] = first...position
            }
        }
        let intermediates = program.values.indices.map(ValueID.init).filter {
            program[$0].storage == .intermediate && owners[$0.index].value == $0
        }
        let layout = ArenaLayout(
            intermediates.map { value in
                let life = lifetimes[value.index] ?? 0...0
                return ArenaLayout.Request(
                    size: size(value), first: guardElements > 0 ? 0 : life.lowerBound,
                    last: guardElements > 0 ? program.steps.count : life.upperBound)
            }, alignment: alignment)
        bufferCounts[MemoryPlan.arena] = layout.size
        for (value, offset) in zip(intermediates, layout.offsets) {
            places[value.index] = (MemoryPlan.arena, offset + before)
        }

        // Everything that stays: one after the other.
        for value in program.values.indices.map(ValueID.init) {
            guard owners[value.index].value == value, program[value].storage != .intermediate else {
                continue
            }
            if bufferCounts.count == 3 || bufferCounts[bufferCounts.count - 1] + size(value) > limit {
                bufferCounts.append(0)
            }
            let buffer = bufferCounts.count - 1
            places[value.index] = (buffer, bufferCounts[buffer] + before)
            bufferCounts[buffer] += size(value)
        }

        for value in program.values.indices.map(ValueID.init) {
            let owner = owners[value.index]
            let place = places[owner.value.index] ?? (0, 0)
            let tensor = DeviceTensor(
                buffer: place.buffer, offset: place.offset * perFloat(value) + owner.offset,
                shape: program.shape(of: value), element: elements[value.index],
                isConstant: program[owner.value].storage == .constant)
            tensors.append(tensor)
            if owner.value == value { regions.append(Region(program[value].name, tensor)) }
        }
    }

    /// The value whose memory a value lies in, and how far from its start: the base of a view, the input of a reshape, or itself.
    ///
    /// A reshape shares its input's memory where both are written by one step only, so that nothing changes under the alias, and are stored
    /// alike.
    /// Outputs and states have memory of their own, which the host reads and writes.
    private static func owners(_ program: Program, _ elements: [Element]) -> [(value: ValueID, offset: Int)] {
        var writers = [Int](repeating: 0, count: program.values.count)
        for step in program.steps {
            for output in step.outputs { writers[output.index] += 1 }
        }
        var owners: [(value: ValueID, offset: Int)] = program.values.indices.map { (ValueID($0), 0) }
        for index in program.values.indices {
            // Bases precede their views.
            if case .view(let base, let offset) = program.values[index].storage {
                owners[index] = (owners[base.index].value, owners[base.index].offset + offset)
            }
        }
        for step in program.steps {
            guard case .reshape = step.op, let input = step.inputs.first, let output = step.outputs.first,
                program[output].storage == .intermediate, writers[output.index] == 1,
                elements[input.index] == elements[output.index]
            else { continue }
            let owner = owners[input.index]
            switch program[owner.value].storage {
            case .intermediate where writers[owner.value.index] == 1: owners[output.index] = owner
            case .input, .constant: owners[output.index] = owner
            default: break
            }
        }
        return owners
    }
}
