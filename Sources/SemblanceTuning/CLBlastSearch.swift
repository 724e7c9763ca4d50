import Foundation
import SemblanceCore
import SemblanceOpenCL
import SemblanceVerification

/// The search for CLBlast's parameters. They belong to the process, so that two sets cannot be timed in turns: each has a time of its own, against which
/// the margin is wider than a contest's.
struct CLBlastSearch {
    /// What comes of it.
    struct Outcome {
        /// nil where CLBlast's own are best, or nothing is right.
        var parameters: CLBlastParameters?
        var result: TuningResult
        /// Why the search ended early, if it was not for the time.
        var stopped: String?

        /// Whether there is nothing to search again: something was found, or all was tried and some of it is right.
        var isSettled: Bool { parameters != nil || result.isComplete && result.afterMs != nil }
    }

    /// Has the device's next products compiled with these.
    typealias Setter = (CLBlastParameters) throws(SemblanceError) -> Void

    /// How much faster than the best so far a set must be.
    private static let margin = 0.08
    private static let rounds = 9

    private let backend: OpenCLBackend
    private let clock: Contest.Clock
    private let set: Setter
    private let isTimeUp: () -> Bool
    private let progress: (String) -> Void
    private var cases: [(prepared: PreparedCase, choices: TuningChoices)] = []
    private var rejections: [TuningResult.Rejection] = []
    private var tried = 0
    private var faults = FaultStreak()

    /// - Parameters:
    ///   - reference: says what the products should give.
    ///   - seed: of the data.
    /// - Throws: what the reference throws.
    init(
        _ backend: OpenCLBackend, reference: any Backend, seed: UInt64, clock: @escaping Contest.Clock,
        set: @escaping Setter, isTimeUp: @escaping () -> Bool, progress: @escaping (String) -> Void
    ) throws(SemblanceError) {
        self.backend = backend
        self.clock = clock
        self.set = set
        self.isTimeUp = isTimeUp
        self.progress = progress
        // A fully connected layer, and a convolution's weight gradient over columns: few rows, a long sum. As large as a device does in a moment.
        let scale = backend.traits.isGPU ? 2 : 1
        for (rows, columns, depth) in [
            (512 * scale, 512 * scale, 512 * scale), (256, 576 * scale, 1568 * scale),
        ] {
            let inputs: [Shape] = [[rows, depth], [columns, depth]], output: Shape = [rows, columns]
            guard
                let opCase = OpCase(
                    .fullyConnected(FullyConnected(hasBias: false)), inputs: inputs, outputs: [output])
            else { continue }
            let prepared = try PreparedCase(opCase, seed: seed, constants: true, reference: reference)
            cases.append((prepared, .clblast(m: rows, n: columns, k: depth)))
        }
    }

    /// Leaves the device with what it has found, or with CLBlast's own parameters.
    /// - Throws: `deviceFault` where these cannot be told or restored.
    mutating func run() throws(SemblanceError) -> Outcome {
        let own = try CLBlastParameters.own(of: backend.opencl)
        let rule = seconds(of: own)
        var best = own, fastest = rule
        var isComplete = true
        for stage in CLBlastParameters.Stage.allCases {
            for candidate in CLBlastParameters.candidates(stage, around: best, on: backend.traits) {
                guard faults.stopped == nil, !isTimeUp() else {
                    isComplete = false
                    break
                }
                guard let time = seconds(of: candidate) else { continue }
                if time < (fastest ?? .infinity) * (1 - Self.margin) { (best, fastest) = (candidate, time) }
            }
        }
        try set(best)
        let name = "its own: \(own)"
        let result = TuningResult(
            subject: "CLBlast's large products", share: 0, rule: name,
            choice: fastest == nil ? "none" : best == own ? name : best.description,
            beforeMs: rule.map { $0 * 1e3 }, afterMs: fastest.map { $0 * 1e3 }, tried: tried,
            rejections: rejections, isComplete: isComplete && faults.stopped == nil)
        return Outcome(
            parameters: best == own ? nil : best, result: result, stopped: faults.stopped)
    }

    /// Sets the parameters. The time of all cases together, nil where some are wrong or fail.
    private mutating func seconds(of parameters: CLBlastParameters) -> Double? {
        tried += 1
        progress("CLBlast: \(parameters)")
        var sum = 0.0
        do throws(SemblanceError) {
            try set(parameters)
            for (prepared, choices) in cases {
                let trial = try prepared.trial(on: OpenCLBackend(sharing: backend, choices: choices))
                guard trial.kernels.contains("clblast.gemm") else {
                    reject(parameters, "no product of CLBlast's among \(trial.kernels)")
                    return nil
                }
                if let flaw = try trial.check() {
                    reject(parameters, "it computes something else: \(flaw)")
                    return nil
                }
                var times: [Double] = []
                for _ in 0..<Self.rounds { times.append(try clock(trial)) }
                if let flaw = try trial.checkAgain() {
                    reject(parameters, flaw)
                    return nil
                }
                sum += times.median
            }
        } catch {
            if error.isFaultOfDevice { faults.add(error.description) }
            reject(parameters, error.description)
            return nil
        }
        faults.end()
        return sum
    }

    private mutating func reject(_ parameters: CLBlastParameters, _ reason: String) {
        rejections.append(TuningResult.Rejection(choice: parameters.description, reason: reason))
    }
}
