import SemblanceCore

/// What a doctor found on one device.
package struct Examination: Encodable, Sendable {
    package var device: String
    package var deviceName: String
    /// How it stored activations.
    package var precision = Precision.float
    /// What is wrong; a device is healthy where nothing is.
    package var findings: [String] = []
    /// What is worth knowing and not wrong.
    package var notes: [String] = []
    /// The tuning table in use, on OpenCL devices.
    package var tuning: String?
    /// On OpenCL devices.
    package var kernels: KernelBuilds?
    package var operations: [OperationCheck] = []
    package var networks: [NetworkCheck] = []
    package var seconds = 0.0

    package var isHealthy: Bool { findings.isEmpty }

    init(of device: Device) {
        self.device = device.identifier
        deviceName = device.name
    }
}

/// The building of every kernel in every form that the engine would ask for.
package struct KernelBuilds: Encodable, Sendable {
    package struct Failure: Encodable, Sendable {
        package var kernel: String
        /// With the first lines of the compiler's log.
        package var log: String
    }

    package var kernels = 0
    package var programs = 0
    package var seconds = 0.0
    package var failures: [Failure] = []
}

/// All cases of one operation, against the reference in double precision.
package struct OperationCheck: Encodable, Sendable {
    package var operation: String
    package var cases = 0
    /// The case nearest to its tolerance: its difference from the reference, relative to the largest element, and what is allowed.
    package var difference = 0.0
    package var allowed = 0.0
    /// What is wrong, one entry a case.
    package var failures: [String] = []
    /// What ran.
    package var kernels: [String] = []
}

/// A whole network, against another device or the reference.
package struct NetworkCheck: Encodable, Sendable {
    package var network: String
    /// The device that ran it, as the plan itself tells.
    package var device: String
    /// What it is compared with.
    package var against: String
    package var images: Int
    /// What ran on the device, and how often in one run.
    package var kernels: [String: Int] = [:]
    /// The time in kernels by the device's own clock in one run; 0 where it has none.
    package var kernelSeconds = 0.0
    /// The largest difference of an element of the embeddings, which have length 1.
    package var difference = 0.0
    /// The lowest cosine between the two embeddings of an image.
    package var cosine = 0.0
    /// The largest difference between the similarities of a pair.
    package var similarityDifference = 0.0
    package var pairs = 0
    /// Pairs whose verdict changes at the threshold.
    package var flips = 0
    package var threshold = 0.0
    /// Whether the same images gave the same bits again.
    package var isRepeatable = true
    /// What is wrong, or nil.
    package var failure: String?
}
