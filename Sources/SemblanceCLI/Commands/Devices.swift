import Foundation
import Semblance

enum DevicesCommand: Command {
    static let name = "devices"
    static let summary = "List the devices, and say which one would be used and why."
    static let operands = ""
    static let options = [Option.json] + Option.device

    private struct Report: Encodable {
        var identifier: String
        var kind: String
        var name: String
        var platform: String
        var driver: String
        var memory: Int?
        var selected: Bool
        var reason: String?
    }

    static func run(_ arguments: Arguments) throws -> Int32 {
        _ = try arguments.operands(0, "no operands")
        let selected = try arguments.device()
        let (devices, problem) = try SelectedDevice.available()
        let reports = devices.map { device in
            let isSelected = device.identifier == selected.device.identifier
            return Report(
                identifier: device.identifier, kind: device.kind.rawValue, name: device.name,
                platform: device.platform, driver: device.driver, memory: device.memory, selected: isSelected,
                reason: isSelected ? selected.reason : nil)
        }
        if arguments.flag("--json") {
            for report in reports { try Console.json(report) }
            return 0
        }
        for report in reports {
            let memory = report.memory.map { ", \($0 >> 20) MiB" } ?? ""
            Console.print(
                """
                \(report.selected ? "*" : " ") \(report.identifier)  [\(report.kind)] \(report.name) \
                (\(report.platform) \(report.driver)\(memory))
                """)
        }
        if let problem { Console.print("  OpenCL cannot be used: \(problem)") }
        Console.print("* would be used: \(selected.reason)")
        return 0
    }
}
