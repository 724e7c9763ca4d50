import SemblanceCore

/// A tensor's place in device memory: `offset` elements into one of the plan's buffers.
package struct DeviceTensor: Hashable, Sendable {
    package var buffer: Int
    package var offset: Int
    package var shape: Shape

    package init(buffer: Int, offset: Int, shape: Shape) {
        self.buffer = buffer
        self.offset = offset
        self.shape = shape
    }

    package var count: Int { shape.count }

    /// The part from `start` elements on, seen with another shape.
    package func part(from start: Int = 0, _ shape: Shape) -> DeviceTensor {
        DeviceTensor(buffer: buffer, offset: offset + start, shape: shape)
    }
}

/// An argument of a kernel, in the order of the kernel's parameters.
package enum KernelArgument: Sendable {
    /// Two parameters: `__global float *` and `ulong`, the offset in elements. (Sub-buffers would need aligned offsets.)
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
    /// Elements of scratch memory that the step needs.
    package private(set) var scratchCount = 0
    private let scratchBuffer: Int
    /// Elements kept free around every scratch tensor, to find writes out of bounds.
    private let guardElements: Int
    /// The scratch tensors handed out, where guards stand around them.
    package private(set) var guardedScratch: [DeviceTensor] = []

    /// - Parameter scratchStart: elements of scratch memory that belong to somebody else.
    package init(traits: DeviceTraits, scratchBuffer: Int, scratchStart: Int = 0, guardElements: Int = 0) {
        self.traits = traits
        self.scratchBuffer = scratchBuffer
        self.guardElements = guardElements
        scratchCount = scratchStart
    }

    package mutating func launch(_ launch: KernelLaunch) { commands.append(.launch(launch)) }

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
    package mutating func scratch(_ shape: Shape) -> DeviceTensor {
        // Multiples of 128 elements: where CLBlast may take the tensor without a copy.
        func rounded(_ count: Int) -> Int { (count + 127) / 128 * 128 }
        let tensor = DeviceTensor(
            buffer: scratchBuffer, offset: scratchCount + rounded(guardElements), shape: shape)
        scratchCount = tensor.offset + rounded(shape.count + guardElements)
        if guardElements > 0 { guardedScratch.append(tensor) }
        return tensor
    }
}
