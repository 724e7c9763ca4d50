import SemblanceCore

/// A tensor's place in device memory: `offset` elements, of its own type, into one of the plan's buffers.
package struct DeviceTensor: Hashable, Sendable {
    package var buffer: Int
    package var offset: Int
    package var shape: Shape
    package var element: Element
    /// Whether its contents never change, so that what is derived from them is derived once.
    package var isConstant: Bool
    /// The kernel's parameter that it is meant for, where that takes half as well as float: `VALUES(parameter)`.
    private(set) var parameter: String?

    package init(
        buffer: Int, offset: Int, shape: Shape, element: Element = .float, isConstant: Bool = false
    ) {
        self.buffer = buffer
        self.offset = offset
        self.shape = shape
        self.element = element
        self.isConstant = isConstant
    }

    package var count: Int { shape.count }

    /// The part from `start` elements on, seen with another shape.
    package func part(from start: Int = 0, _ shape: Shape) -> DeviceTensor {
        var part = self
        part.offset += start
        part.shape = shape
        return part
    }

    /// As the argument of a kernel's parameter `VALUES(parameter)`.
    package func named(_ parameter: String) -> DeviceTensor {
        var tensor = self
        tensor.parameter = parameter
        return tensor
    }

    /// Bytes from the start of the buffer.
    package var place: Int { offset * element.size }
    package var byteCount: Int { count * element.size }
}

/// An argument of a kernel, in the order of the kernel's parameters.
package enum KernelArgument: Sendable {
    /// Two parameters: a pointer to the element's type and `ulong`, the offset in elements. (Sub-buffers would need aligned offsets.)
    case tensor(DeviceTensor)
    /// `int`.
    case int(Int)
    /// `ulong`, for counts of elements and their strides.
    case ulong(Int)
    /// `uint`, for seeds and thresholds.
    case uint(UInt32)
    /// `float`.
    case float(Float)
    /// `__local float *` of so many floats.
    case local(floats: Int)
}

/// One run of one kernel.
package struct KernelLaunch: Sendable {
    /// The stem of the file in Kernels/.
    package var source: String
    package var function: String
    /// `-D NAME=VALUE`: each combination is a program of its own, built at preparation and cached.
    package var defines: [String: Int]
    package var arguments: [KernelArgument]
    /// Work-items per dimension; a multiple of `local`.
    package var global: [Int]
    package var local: [Int]

    package init(
        _ source: String, _ function: String, defines: [String: Int] = [:], arguments: [KernelArgument],
        global: [Int], local: [Int]
    ) {
        self.source = source
        self.function = function
        self.defines = defines
        self.arguments = arguments
        self.global = global
        self.local = local
    }
}

/// What a step becomes on the device.
package enum Command: Sendable {
    case launch(KernelLaunch)
    /// A product that CLBlast computes: one matrix, no epilogue.
    case product(MatrixProduct)
}

/// Collects the commands of one step. Scratch memory is free again after the step.
package struct Lowering: Sendable {
    package let traits: DeviceTraits
    package private(set) var commands: [Command] = []
    /// What is run once, at preparation.
    package private(set) var preparation: [Command] = []
    /// The sizes of the products that were asked for, by whatever they are computed.
    var products: Set<ProductSize> = []
    /// Floats of scratch memory that the step needs.
    package private(set) var scratchCount = 0
    private let scratchBuffer: Int
    /// Where packed constants stay.
    package private(set) var packing: Packing
    /// Elements kept free around every scratch tensor, to find writes out of bounds.
    private let guardElements: Int
    /// The scratch and packed tensors handed out, where guards stand around them.
    package private(set) var guardedScratch: [DeviceTensor] = []

    /// - Parameters:
    ///   - scratchStart: elements of scratch memory that belong to somebody else.
    ///   - packing: without room in it, constants are packed in every run.
    package init(
        traits: DeviceTraits, scratchBuffer: Int, scratchStart: Int = 0, packing: Packing = Packing(),
        guardElements: Int = 0
    ) {
        self.traits = traits
        self.scratchBuffer = scratchBuffer
        self.packing = packing
        self.guardElements = guardElements
        scratchCount = scratchStart
    }

    /// Appends a launch, with a define for each argument that is stored in half.
    package mutating func launch(_ launch: KernelLaunch) {
        var launch = launch
        for case .tensor(let tensor) in launch.arguments where tensor.element == .half {
            guard let parameter = tensor.parameter else {
                preconditionFailure("\(launch.function): a parameter that takes no half")
            }
            launch.defines["HALF_\(parameter)"] = 1
        }
        commands.append(.launch(launch))
    }

    /// Appends a command as it is; operations say `launch` and `product`.
    mutating func append(_ command: Command) { commands.append(command) }

    /// Launches one work-item for each of `count` elements, rounded up to whole groups: the kernel compares its
    /// global id with its `int` count, which is passed last.
    package mutating func launchFlat(
        _ source: String, _ function: String, defines: [String: Int] = [:], count: Int,
        _ arguments: [KernelArgument]
    ) {
        let group = traits.flatGroup
        launch(
            KernelLaunch(
                source, function, defines: defines, arguments: arguments + [.int(count)],
                global: [(count + group - 1) / group * group], local: [group]))
    }

    /// Scratch memory for the rest of this step.
    package mutating func scratch(_ shape: Shape, _ element: Element = .float) -> DeviceTensor {
        let (tensor, end) = place(shape, element, in: scratchBuffer, from: scratchCount)
        scratchCount = end
        if guardElements > 0 { guardedScratch.append(tensor) }
        return tensor
    }

    /// Parameters in another layout, which the commands of `pack` make: once, at preparation, where `source` is a constant and there
    /// is room, or else in every run, in scratch memory.
    mutating func packed(
        _ source: DeviceTensor, as shape: Shape, _ pack: (inout Lowering, DeviceTensor) -> Void
    ) -> DeviceTensor {
        let (tensor, end) = place(shape, .float, in: packing.buffer, from: packing.count)
        guard source.isConstant, end <= packing.limit else {
            let tensor = scratch(shape)
            pack(&self, tensor)
            return tensor
        }
        packing.count = end
        if guardElements > 0 { guardedScratch.append(tensor) }
        let known = commands
        commands = []
        pack(&self, tensor)
        preparation += commands
        commands = known
        return tensor
    }

    /// The first place for a tensor from `start` floats on, and where the next may stand.
    private func place(_ shape: Shape, _ element: Element, in buffer: Int, from start: Int)
        -> (DeviceTensor, end: Int)
    {
        // Multiples of 128 floats: where CLBlast may take the tensor without a copy.
        func rounded(_ count: Int) -> Int { (count + 127) / 128 * 128 }
        let offset = start + rounded(guardElements)
        let perFloat = Element.float.size / element.size
        return (
            DeviceTensor(buffer: buffer, offset: offset * perFloat, shape: shape, element: element),
            offset + rounded((shape.count + perFloat - 1) / perFloat + guardElements)
        )
    }
}

/// The buffer of packed constants, and how much of it is used, in floats.
package struct Packing: Sendable {
    var buffer = 0
    var count = 0
    var limit = 0

    package init() {}

    init(buffer: Int, limit: Int) {
        self.buffer = buffer
        self.limit = limit
    }
}
