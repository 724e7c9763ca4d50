import Foundation
import Testing

/// The built program, run as a process of its own.
enum Tool {
    /// Beside the test's own executable.
    static let path: String = {
        let test = (try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")) ?? ""
        return URL(filePath: test).deletingLastPathComponent().appending(path: "semblance").path
    }()

    /// What a run came to.
    struct Outcome {
        /// The exit code; nil for a run that a signal ended.
        var code: Int32?
        var output: String
        var errors: String

        var lines: [String] { output.split(separator: "\n").map(String.init) }

        /// Standard output as JSON objects, one a line.
        var objects: [[String: Any]] {
            get throws {
                try lines.map {
                    try #require(try JSONSerialization.jsonObject(with: Data($0.utf8)) as? [String: Any])
                }
            }
        }
    }

    /// What a command prints with `--json` beside the fixture's files.
    static func objects(_ arguments: [String], environment: [String: String] = [:]) throws -> [[String: Any]]
    {
        let outcome = try run(arguments + ["--json"], in: Fixture.root, environment: environment)
        #expect(outcome.code == 0, "\(outcome.errors)")
        return try outcome.objects
    }

    /// - Parameters:
    ///   - folder: where it runs, so that messages name files as a user would.
    ///   - input: the file that is its standard input.
    ///   - whileRunning: gets the process and the file that its output goes to.
    static func run(
        _ arguments: [String], in folder: String, environment: [String: String] = [:],
        executable: String = path, input: String? = nil,
        whileRunning: (Process, String) throws -> Void = { _, _ in }
    ) throws -> Outcome {
        // Files instead of pipes: nothing to fill up and wait for.
        let base = FileManager.default.temporaryDirectory.path + "/semblance-run-\(UUID().uuidString)"
        let names = [base + ".out", base + ".err"]
        defer { for name in names { try? FileManager.default.removeItem(atPath: name) } }
        let handles = try names.map { name in
            _ = FileManager.default.createFile(atPath: name, contents: nil)
            return try FileHandle(forWritingTo: URL(filePath: name))
        }
        let process = Process()
        process.executableURL = URL(filePath: executable)
        process.arguments = arguments
        process.currentDirectoryURL = URL(filePath: folder)
        // The program's own choice of threads would have processes of parallel tests fight for the cores.
        var variables = ProcessInfo.processInfo.environment
        variables["SEMBLANCE_DEVICE"] = "cpu"
        variables["SEMBLANCE_MODELS"] = "/nonexistent"
        variables["SEMBLANCE_TUNING"] = "off"
        variables["SWIFT_BACKTRACE"] = "enable=no"
        process.environment = variables.merging(environment) { $1 }
        process.standardInput = input.flatMap(FileHandle.init(forReadingAtPath:)) ?? FileHandle.nullDevice
        (process.standardOutput, process.standardError) = (handles[0], handles[1])
        try process.run()
        let watchdog = DispatchWorkItem { [pid = process.processIdentifier] in kill(pid, SIGKILL) }
        DispatchQueue.global().asyncAfter(deadline: .now() + 240, execute: watchdog)
        try whileRunning(process, names[0])
        process.waitUntilExit()
        watchdog.cancel()
        let texts = try names.map { String(decoding: try Data(contentsOf: URL(filePath: $0)), as: UTF8.self) }
        return Outcome(
            code: process.terminationReason == .exit ? process.terminationStatus : nil, output: texts[0],
            errors: texts[1])
    }

    /// An OpenCL device's identifier; nil where there is none, which is an issue where SEMBLANCE_REQUIRE_OPENCL asks for one.
    static func openCLDevice() throws -> String? {
        let listed = try run(["devices", "--json"], in: Fixture.root).objects
        let found = listed.compactMap { $0["identifier"] as? String }.first { $0.hasPrefix("opencl") }
        let isRequired = ProcessInfo.processInfo.environment["SEMBLANCE_REQUIRE_OPENCL"] == "1"
        #expect(found != nil || !isRequired, "SEMBLANCE_REQUIRE_OPENCL asks for an OpenCL device")
        if found == nil { print("SKIPPED: no OpenCL device; install pocl-opencl-icd") }
        return found
    }

    /// Runs a shell's command line in which `$S` is the program.
    static func shell(_ command: String, in folder: String) throws -> Outcome {
        try run(["-c", command], in: folder, environment: ["S": path], executable: "/bin/bash")
    }
}
