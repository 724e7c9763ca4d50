import Foundation
import ONNXFuzzing

/// Lets a worker try files for a while, and notes what goes wrong.
struct Watcher {
    let seconds: Double
    let folder: String
    let specimenFolders: [String]

    /// - Parameter arguments: seconds, the folder for files that bring about faults, folders of specimens.
    init?(_ arguments: [String]) {
        guard arguments.count > 2, let seconds = Double(arguments[0]) else { return nil }
        self.seconds = seconds
        folder = arguments[1]
        specimenFolders = Array(arguments.dropFirst(2))
    }

    /// - Returns: whether nothing went wrong.
    func run() throws -> Bool {
        let seed = UInt64.random(in: .min ... .max)
        let mutator = Mutator(specimens: try specimens(in: specimenFolders), seed: seed)
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        let path = folder + "/progress"
        try Data().write(to: URL(filePath: path))
        defer { try? FileManager.default.removeItem(atPath: path) }
        print("\(Int(seconds)) s of damaged model files, seed \(seed)")
        let end = Date.now.addingTimeInterval(seconds)
        var faults = 0
        while Date.now < end, faults < 20 {
            guard let reason = try work(seed: seed, path: path, until: end) else { continue }
            faults += 1
            let trial = try Progress(path: path).trial
            let file = "\(folder)/\(seed)-\(trial).onnx"
            let (bytes, shape) = mutator.mutant(trial)
            try Data(bytes).write(to: URL(filePath: file))
            print("fault: \(reason)\n  \(file), input shape \(shape.map(\.description) ?? "of the file")")
        }
        let progress = try Progress(path: path)
        print("\(progress.trial) files, \(progress.models) of them still models, \(faults) faults")
        return faults == 0 && progress.trial > 0
    }

    /// Lets a worker go on from where the last one ended.
    /// - Returns: what went wrong, or nil where time is over.
    private func work(seed: UInt64, path: String, until end: Date) throws -> String? {
        let worker = Process()
        worker.executableURL = URL(filePath: "/proc/self/exe").resolvingSymlinksInPath()
        worker.arguments = ["--work", String(seed), path] + specimenFolders
        let messages = Pipe()
        worker.standardError = messages
        // The runtime's report on a crash takes longer than many trials.
        worker.environment = ProcessInfo.processInfo.environment.merging(["SWIFT_BACKTRACE": "enable=no"]) {
            $1
        }
        try worker.run()
        var last = (trial: 0, since: Date.now)
        while worker.isRunning {
            Thread.sleep(forTimeInterval: 0.1)
            let trial = try Progress(path: path).trial
            let isStuck = trial == last.trial && Date.now.timeIntervalSince(last.since) > 20
            // Also the last trial gets its time.
            guard isStuck || trial != last.trial && Date.now >= end else {
                if trial != last.trial { last = (trial, Date.now) }
                continue
            }
            kill(worker.processIdentifier, SIGKILL)
            worker.waitUntilExit()
            return isStuck ? "it did not end" : nil
        }
        let text = String(decoding: messages.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
        let first = text.split(separator: "\n").first.map(String.init) ?? ""
        return worker.terminationReason == .uncaughtSignal
            ? "crash by signal \(worker.terminationStatus): \(first)" : first
    }
}
