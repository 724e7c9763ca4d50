import SemblanceCore

/// What a driver does when it is asked to do one thing.
package struct ProbeItem: Encodable, Sendable {
    package enum Outcome: String, Encodable, Sendable {
        /// The device computed what the host did.
        case correct
        /// It computed something else, without a word.
        case wrong
        /// The program does not build, or the launch is turned down.
        case refused
        /// Not tried, for a reason.
        case notOffered = "not offered"
        /// It failed while it ran.
        case failed
        /// Figures, of something whose contents were checked.
        case measured
        /// A fact that the driver tells.
        case told
    }

    package struct Figure: Encodable, Sendable {
        package var what: String
        package var value: Double
        package var unit: String
    }

    /// What came of it.
    package struct Finding: Sendable {
        var outcome: Outcome
        var detail = ""
        var figures: [Figure] = []
    }

    package let group: String
    package let name: String
    package let outcome: Outcome
    /// Why, or what else there is to say; on one line.
    package let detail: String
    package let figures: [Figure]

    init(_ trial: ProbeTrial, _ finding: Finding) {
        group = trial.group
        name = trial.name
        outcome = finding.outcome
        detail = finding.detail.split(whereSeparator: \.isWhitespace).joined(separator: " ")
        figures = finding.figures
    }
}

/// What a device and its platform say of themselves, and the seed of the data that they were tried with.
package struct ProbeFacts: Encodable, Sendable {
    package let identifier: String
    package let name: String
    package let kind: String
    package let platform: String
    package let platformVersion: String
    package let driver: String
    package let openclVersion: String
    package let computeUnits: Int
    package let workGroupLimit: Int
    /// Bytes, as are the next three.
    package let localMemory: Int
    package let memory: Int?
    package let largestBuffer: Int
    package let alignment: Int
    package let extensions: [String]
    package let quirks: [String]
    package let seed: UInt64

    init(_ opencl: OpenCLDevice, platformVersion: String, seed: UInt64) {
        let device = opencl.device
        identifier = device.identifier
        name = device.name
        kind = device.kind.rawValue
        platform = device.platform
        self.platformVersion = platformVersion
        driver = device.driver
        openclVersion = opencl.version
        computeUnits = opencl.traits.computeUnits
        workGroupLimit = opencl.traits.maxWorkGroup
        localMemory = opencl.traits.localMemory
        memory = device.memory
        largestBuffer = opencl.maxAllocation
        alignment = opencl.alignment
        extensions = opencl.extensions.sorted()
        quirks = opencl.quirks
        self.seed = seed
    }
}
