import Foundation
import ONNXFuzzing

/// Tries one file after the other, until it finds a fault or is stopped.
struct Worker {
    /// More than any of these small files can ask for.
    static let memoryLimit = 512 << 20
    static let timeLimit = Duration.seconds(2)

    let mutator: Mutator
    let progressPath: String

    /// - Parameter arguments: the seed, the file for the progress, folders of specimens.
    init(_ arguments: [String]) throws {
        guard arguments.count > 2, let seed = UInt64(arguments[0]) else {
            throw CocoaError(.formatting)
        }
        mutator = Mutator(specimens: try specimens(in: Array(arguments.dropFirst(2))), seed: seed)
        progressPath = arguments[1]
    }

    func run() throws {
        var limit = rlimit(rlim_cur: 4 << 30, rlim_max: 4 << 30)
        setrlimit(__rlimit_resource_t(RLIMIT_AS.rawValue), &limit)
        var progress = try Progress(path: progressPath)
        let descriptor = open(progressPath, O_WRONLY)
        while true {
            progress.trial += 1
            progress.write(to: descriptor)
            let (bytes, shape) = mutator.mutant(progress.trial)
            let start = ContinuousClock.now
            let trial = Trial(bytes, inputShape: shape)
            let time = ContinuousClock.now - start
            if case .wrong(let reason) = trial { stop("the error is of the wrong kind: \(reason)") }
            if trial == .read { progress.models += 1 }
            if time > Self.timeLimit { stop("it took \(time)") }
            var usage = rusage()
            getrusage(RUSAGE_SELF.rawValue, &usage)
            let memory = usage.ru_maxrss << 10
            if memory > Self.memoryLimit { stop("the memory grew to \(memory >> 20) MiB") }
        }
    }

    private func stop(_ reason: String) -> Never {
        FileHandle.standardError.write(Data((reason + "\n").utf8))
        exit(3)
    }
}
