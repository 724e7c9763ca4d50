import Semblance
import SemblanceCore
import SemblanceOpenCL
import SemblanceVerification

/// Searches the fastest way to compute each shape on a device.
package struct Tuner {
    package struct Settings: Sendable {
        /// When the search ends, whatever is left.
        package var deadline: ContinuousClock.Instant
        /// Of the data.
        package var seed: UInt64

        package init(deadline: ContinuousClock.Instant, seed: UInt64) {
            self.deadline = deadline
            self.seed = seed
        }
    }

    /// Floating-point operations that loops in double precision do in a moment.
    private static let quickOperations = 20_000_000

    package let backend: OpenCLBackend
    private let cpu: any Backend
    private let settings: Settings
    private let clock: Contest.Clock
    private let progress: (String) -> Void
    private var faults = FaultStreak()

    /// Why the search ended early, if it did.
    package var stopped: String? { faults.stopped }

    /// - Parameters:
    ///   - cpu: says what the large shapes should give; the small ones are held against loops in double precision.
    ///   - clock: times one run.
    ///   - progress: gets a line from time to time.
    package init(
        _ backend: OpenCLBackend, cpu: any Backend, settings: Settings,
        clock: @escaping (CaseTrial) throws(SemblanceError) -> Double = {
            (trial) throws(SemblanceError) in try trial.seconds()
        },
        progress: @escaping (String) -> Void = { _ in }
    ) {
        self.backend = backend
        self.cpu = cpu
        self.settings = settings
        self.clock = clock
        self.progress = progress
    }

    private var isTimeUp: Bool { ContinuousClock.now >= settings.deadline }

    /// Tries all that there is for a subject, as long as there is time.
    /// - Returns: nil where there was no time to try anything.
    /// - Throws: what preparing the case on the reference throws.
    package mutating func tune(_ subject: TuningSubject) throws(SemblanceError) -> TuningResult? {
        guard stopped == nil, !isTimeUp else { return nil }
        let rules = OpenCLBackend(sharing: backend, choices: TuningChoices())
        let isQuick = subject.opCase.operations <= Self.quickOperations
        progress("\(subject.tunable): what it should give")
        let prepared = try PreparedCase(
            subject.opCase, seed: settings.seed, constants: subject.hasConstants,
            precision: backend.precision, reference: isQuick ? ReferenceBackend() : cpu)
        let rule = subject.tunable.rule(on: rules.traits)
        var contest = Contest(prepared, on: backend, clock: clock)
        var isComplete = true
        enter(rule, subject, &contest)
        for stage in Tunable.Stage.allCases {
            // As they are at the beginning of the stage.
            for candidate in subject.tunable.candidates(stage, after: contest.standings, on: rules.traits) {
                let isKnown = contest.rejections.contains { $0.choices == candidate }
                guard !isKnown else { continue }
                guard stopped == nil, !isTimeUp else {
                    isComplete = false
                    break
                }
                enter(candidate, subject, &contest)
            }
        }
        if stopped == nil { contest.settle() }
        return TuningResult(
            subject, rule: rule, contest: contest, isComplete: isComplete && stopped == nil)
    }

    private mutating func enter(
        _ candidate: TuningChoices, _ subject: TuningSubject, _ contest: inout Contest
    ) {
        progress("\(subject.tunable): \(candidate)")
        let known = contest.rejections.count
        contest.enter(candidate)
        guard contest.rejections.count > known, let last = contest.rejections.last else {
            return faults.end()
        }
        if last.isFault { faults.add(last.reason) }
    }
}

/// What came of one shape.
package struct TuningResult: Encodable, Sendable {
    package struct Rejection: Encodable, Sendable {
        package var choice: String
        package var reason: String
    }

    /// The shape.
    package var subject: String
    /// The part of the programs' work that hangs on it.
    package var share: Double
    /// What the rule takes, and what is taken now.
    package var rule: String
    package var choice: String
    /// How long they take, in milliseconds; nil where the rule's way is wrong, or every way.
    package var beforeMs: Double?
    package var afterMs: Double?
    /// Ways that were tried.
    package var tried: Int
    /// Those that are out, and why.
    package var rejections: [Rejection]
    /// Whether all that there is was tried.
    package var isComplete: Bool
    /// For the table; nil where nothing is right.
    package var choices: TuningChoices?

    private enum CodingKeys: CodingKey {
        case subject, share, rule, choice, beforeMs, afterMs, tried, rejections, isComplete
    }

    /// Of what is no choice for a shape.
    init(
        subject: String, share: Double, rule: String, choice: String, beforeMs: Double?, afterMs: Double?,
        tried: Int, rejections: [Rejection], isComplete: Bool
    ) {
        (self.subject, self.share, self.rule, self.choice) = (subject, share, rule, choice)
        (self.beforeMs, self.afterMs, self.tried) = (beforeMs, afterMs, tried)
        (self.rejections, self.isComplete) = (rejections, isComplete)
    }

    init(
        _ subject: TuningSubject, rule: TuningChoices, contest: Contest, isComplete: Bool
    ) {
        self.subject = subject.tunable.description
        share = subject.share
        self.rule = rule.description
        let best = contest.best
        choice = best?.choices.description ?? "none"
        beforeMs = contest.standings.first { $0.choices == rule }.map { $0.seconds * 1e3 }
        afterMs = best.map { $0.seconds * 1e3 }
        tried = contest.tried
        rejections = contest.rejections.map { Rejection(choice: $0.choices.description, reason: $0.reason) }
        self.isComplete = isComplete
        // Half a search is done again, unless it has found something.
        choices = isComplete || best?.choices != rule ? best?.choices : nil
    }

    /// Whether something faster than the rule's was found.
    package var isFaster: Bool { afterMs != nil && choice != rule }
}
