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

/// C = alpha op(A) op(B) + beta C on row-major matrices, for each of `batch` products whose operands stand a stride apart.
package struct MatrixProduct: Sendable {
    package struct Operand: Sendable {
        package var tensor: DeviceTensor
        /// Elements between rows as stored.
        package var leading: Int
        package var transposed: Bool
        /// Elements between the operands of consecutive products.
        package var batchStride: Int

        package init(_ tensor: DeviceTensor, leading: Int, transposed: Bool = false, batchStride: Int = 0) {
            self.tensor = tensor
            self.leading = leading
            self.transposed = transposed
            self.batchStride = batchStride
        }
    }

    package var m: Int
    package var n: Int
    package var k: Int
    package var batch: Int
    package var alpha: Float
    package var beta: Float
    package var a: Operand
    package var b: Operand
    package var c: Operand

    package init(
        m: Int, n: Int, k: Int, batch: Int = 1, alpha: Float = 1, beta: Float = 0, a: Operand, b: Operand,
        c: Operand
    ) {
        self.m = m
        self.n = n
        self.k = k
        self.batch = batch
        self.alpha = alpha
        self.beta = beta
        self.a = a
        self.b = b
        self.c = c
    }
}

/// What a step becomes on the device.
package enum Command: Sendable {
    case launch(KernelLaunch)
    case product(MatrixProduct)
}

/// What lowering may know of the device.
package struct DeviceTraits: Sendable {
    package var isGPU: Bool
    package var maxWorkGroup: Int
    package var localMemory: Int
    package var computeUnits: Int

    package init(isGPU: Bool, maxWorkGroup: Int, localMemory: Int, computeUnits: Int) {
        self.isGPU = isGPU
        self.maxWorkGroup = maxWorkGroup
        self.localMemory = localMemory
        self.computeUnits = computeUnits
    }

    /// The work-group size for kernels where every element is its own work-item.
    package var flatGroup: Int { min(isGPU ? 256 : 64, maxWorkGroup) }
}

/// Collects the commands of one step. Scratch memory is free again after the step.
package struct Lowering: Sendable {
    package let traits: DeviceTraits
    package private(set) var commands: [Command] = []
    /// Elements of scratch memory that the step needs.
    package private(set) var scratchCount = 0
    private let scratchBuffer: Int

    package init(traits: DeviceTraits, scratchBuffer: Int) {
        self.traits = traits
        self.scratchBuffer = scratchBuffer
    }

    package mutating func launch(_ launch: KernelLaunch) { commands.append(.launch(launch)) }

    package mutating func product(_ product: MatrixProduct) { commands.append(.product(product)) }

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
        let tensor = DeviceTensor(buffer: scratchBuffer, offset: scratchCount, shape: shape)
        scratchCount += (shape.count + 63) / 64 * 64
        return tensor
    }
}
