import SemblanceCPU
import SemblanceCore
import SemblanceOpenCL

/// What is installed, and what the engine would use of it.
public struct DeviceInventory: Sendable {
    /// A device, in words and numbers for people and reports.
    public struct Entry: Sendable {
        public var device: Device
        /// When the engine uses the device, and why.
        public var use: String
        /// What computes the matrix products of convolutions and fully connected layers.
        public var products: String
        /// What half precision there is.
        public var halfPrecision: String
        /// Processor cores or compute units.
        public var computeUnits: Int
        /// The rest is OpenCL's: work-items in a work-group, bytes of local memory and of the largest buffer.
        public var workGroupLimit: Int?
        public var localMemory: Int?
        public var largestBuffer: Int?
        public var openCLVersion: String?
        /// Who keeps built programs for the next start.
        public var programs: String?
        /// The tuning table that is used, or why there is none.
        public var tuning: String?
        /// What is known of the driver.
        public var quirks: [String]
    }

    public struct Platform: Sendable {
        public var name: String
        public var version: String
        public var devices: [Entry]
        /// Devices that are listed and do not answer.
        public var problems: [String]
    }

    public var cpu: Entry
    public var platforms: [Platform]
    /// Why OpenCL cannot be asked, where it cannot.
    public var problem: SemblanceError?
    /// Installed drivers that cannot be loaded, in sentences.
    public var unloadable: [String] = []

    public var devices: [Entry] { [cpu] + platforms.flatMap(\.devices) }

    /// - Throws: where not even the CPU can be used.
    public static func read(threads: Int? = nil) throws(SemblanceError) -> DeviceInventory {
        let backend = try CPUBackend(threads: threads)
        let cpu = Entry(
            device: backend.device,
            use: "where there is no GPU or it cannot do the work, and for --device cpu",
            products: "oneDNN \(backend.device.driver), with \(CPUBackend.instructionSet)",
            halfPrecision: "weights are widened to single precision", computeUnits: backend.threads,
            quirks: [])
        var inventory = DeviceInventory(cpu: cpu, platforms: [], unloadable: DriverFiles.problems())
        do {
            inventory.platforms = try OpenCLPlatform.all().map { platform in
                Platform(
                    name: platform.name, version: platform.version,
                    devices: platform.devices.map(Entry.init), problems: platform.problems)
            }
        } catch {
            inventory.problem = error
        }
        return inventory
    }
}

extension DeviceInventory.Entry {
    package init(_ opencl: OpenCLDevice) {
        let device = opencl.device
        let use =
            switch device.kind {
            case .gpu: "a GPU: the first one is what --device auto and gpu take"
            case .cpu:
                "no GPU: only for --device \(device.identifier), as the CPU through oneDNN is faster than through OpenCL"
            case .accelerator: "no GPU: only for --device \(device.identifier)"
            }
        let (table, note) = TuningStore(.automatic, for: device).load(for: opencl.traits)
        self.init(
            device: device, use: use, products: opencl.traits.products,
            halfPrecision: opencl.hasHalfPrecision ? "cl_khr_fp16" : "no cl_khr_fp16",
            computeUnits: opencl.traits.computeUnits, workGroupLimit: opencl.traits.maxWorkGroup,
            localMemory: opencl.traits.localMemory, largestBuffer: opencl.maxAllocation,
            openCLVersion: opencl.version, programs: opencl.programKeeping,
            tuning: table?.summary ?? note ?? "none: semblance tune makes one", quirks: opencl.quirks)
    }
}
