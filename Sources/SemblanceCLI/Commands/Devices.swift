import Foundation
import Semblance

enum DevicesCommand: Command {
    static let name = "devices"
    static let summary = "List platforms and devices, what would be used of each, and why."
    static let operands = ""
    static let options = [Option.json] + Option.device

    static func run(_ arguments: Arguments) throws -> Int32 {
        _ = try arguments.operands(0, "no operands")
        let selected = try arguments.device()
        let inventory = try DeviceInventory.read(threads: arguments.integer("--threads", 1...1024))
        func report(_ entry: DeviceInventory.Entry) -> DeviceFacts {
            let isSelected = entry.device.identifier == selected.device.identifier
            return DeviceFacts(entry, reason: isSelected ? selected.reason : nil)
        }
        if arguments.flag("--json") {
            for entry in inventory.devices { try Console.json(report(entry)) }
        } else {
            Console.print(report(inventory.cpu).lines.joined(separator: "\n"))
            for platform in inventory.platforms {
                Console.print("\n\(platform.name), \(platform.version)")
                if platform.devices.isEmpty, platform.problems.isEmpty { Console.print("  no device") }
                for entry in platform.devices { Console.print(report(entry).lines.joined(separator: "\n")) }
            }
            if inventory.platforms.isEmpty, inventory.problem == nil {
                Console.print(
                    "\nno OpenCL platform is \(inventory.unloadable.isEmpty ? "installed" : "found")")
            }
            Console.print("\n* would be used: \(selected.reason)")
        }
        for problem in inventory.platforms.flatMap(\.problems) + inventory.unloadable {
            Console.error("note: \(problem)")
        }
        if let problem = inventory.problem { Console.error("note: OpenCL cannot be used: \(problem)") }
        return 0
    }
}

/// What `devices` and `doctor` tell of a device.
struct DeviceFacts: Encodable {
    var identifier: String
    var kind: String
    var name: String
    var platform: String
    var driver: String
    var memory: Int?
    var selected: Bool
    var reason: String?
    var use: String
    var products: String
    var halfPrecision: String
    var computeUnits: Int
    var workGroupLimit: Int?
    var localMemory: Int?
    var largestBuffer: Int?
    var openclVersion: String?
    var programs: String?
    var tuning: String?
    var quirks: [String]

    /// - Parameter reason: why it is the one that is used; nil for the others.
    init(_ entry: DeviceInventory.Entry, reason: String?) {
        identifier = entry.device.identifier
        kind = entry.device.kind.rawValue
        name = entry.device.name
        platform = entry.device.platform
        driver = entry.device.driver
        memory = entry.device.memory
        selected = reason != nil
        self.reason = reason
        use = entry.use
        products = entry.products
        halfPrecision = entry.halfPrecision
        computeUnits = entry.computeUnits
        workGroupLimit = entry.workGroupLimit
        localMemory = entry.localMemory
        largestBuffer = entry.largestBuffer
        openclVersion = entry.openCLVersion
        programs = entry.programs
        tuning = entry.tuning
        quirks = entry.quirks
    }

    var lines: [String] {
        let size = memory.map { ", \($0 >> 20) MiB" } ?? ""
        var lines = [
            "\(selected ? "*" : " ") \(identifier)  [\(kind)] \(name) (\(platform) \(driver)\(size))",
            "    used        \(use)",
            "    products    \(products)",
        ]
        if let workGroupLimit, let localMemory, let largestBuffer {
            lines.append(
                """
                    limits      work-groups of \(workGroupLimit), local memory \(localMemory >> 10) KiB, \
                buffers of \(largestBuffer >> 20) MiB, \(computeUnits) compute units
                """)
        } else {
            lines.append("    threads     \(computeUnits)")
        }
        let version = openclVersion.map { "; \($0)" } ?? ""
        lines.append("    half        \(halfPrecision)\(version)")
        if let programs { lines.append("    programs    kept \(programs)") }
        if let tuning { lines.append("    tuning      \(tuning)") }
        lines += quirks.map { "    known       \($0)" }
        return lines
    }
}
