import SemblanceCore
import SemblanceOpenCL
import SemblanceVerification

/// The search for the fastest way to compute one shape. A candidate is checked before it is timed, and takes the lead only where it is
/// clearly faster than what leads.
struct Contest {
    /// Times one run of what is prepared.
    typealias Clock = (CaseTrial) throws(SemblanceError) -> Double

    /// A candidate that is out of the contest.
    struct Rejection {
        var choices: TuningChoices
        var reason: String
        /// Whether the device failed, rather than the result being wrong.
        var isFault: Bool
    }

    /// How much faster than the leader a candidate must be, whatever the noise.
    static let margin = 0.03
    private static let fewestRounds = 5
    private static let mostRounds = 25
    /// Of timing, for each candidate, in seconds.
    private static let patience = 0.2

    private let prepared: PreparedCase
    private let backend: OpenCLBackend
    private let clock: Clock
    private typealias Entrant = (choices: TuningChoices, trial: CaseTrial)
    private var leader: Entrant?
    /// The first that was right.
    private var opening: Entrant?
    /// What is right, with the last time taken: the leader, and the others in no order.
    private(set) var standings: [Tunable.Standing] = []
    private(set) var rejections: [Rejection] = []
    private(set) var tried = 0

    init(_ prepared: PreparedCase, on backend: OpenCLBackend, clock: @escaping Clock) {
        self.prepared = prepared
        self.backend = backend
        self.clock = clock
    }

    var best: Tunable.Standing? { standings.first }

    /// Lets a candidate compete.
    mutating func enter(_ choices: TuningChoices) {
        tried += 1
        do throws(SemblanceError) {
            let trial = try prepared.trial(on: OpenCLBackend(sharing: backend, choices: choices))
            if let flaw = try trial.check() {
                return reject(choices, "it computes something else: \(flaw)")
            }
            // The first run may have compiled.
            _ = try clock(trial)
            guard let leader else {
                var times: [Double] = []
                for _ in 0..<Self.fewestRounds { times.append(try clock(trial)) }
                return lead(choices, trial, times.median)
            }
            let (own, others) = try race(trial, against: leader.trial)
            if let flaw = try trial.checkAgain() { return reject(choices, flaw) }
            standings[0].seconds = others.median
            if Self.isClearlyFaster(own, than: others) {
                lead(choices, trial, own.median)
            } else {
                standings.append(Tunable.Standing(choices, seconds: own.median))
            }
        } catch {
            reject(choices, error.description, isFault: error.isFaultOfDevice)
        }
    }

    private mutating func lead(_ choices: TuningChoices, _ trial: CaseTrial, _ seconds: Double) {
        leader = (choices, trial)
        if opening == nil { opening = leader }
        standings.insert(Tunable.Standing(choices, seconds: seconds), at: 0)
    }

    /// Has the leader race the first that was right once more, which takes the lead back unless it is clearly slower.
    mutating func settle() {
        guard let leader, let opening, leader.choices != opening.choices else { return }
        do throws(SemblanceError) {
            let (own, others) = try race(leader.trial, against: opening.trial)
            standings.removeAll { [leader.choices, opening.choices].contains($0.choices) }
            let both = [
                Tunable.Standing(leader.choices, seconds: own.median),
                Tunable.Standing(opening.choices, seconds: others.median),
            ]
            standings = (Self.isClearlyFaster(own, than: others) ? both : both.reversed()) + standings
        } catch {
            reject(leader.choices, error.description, isFault: error.isFaultOfDevice)
            standings.removeAll { $0.choices == leader.choices }
            if let place = standings.firstIndex(where: { $0.choices == opening.choices }) {
                standings.swapAt(0, place)
            }
        }
    }

    private mutating func reject(_ choices: TuningChoices, _ reason: String, isFault: Bool = false) {
        rejections.append(Rejection(choices: choices, reason: reason, isFault: isFault))
    }

    /// Times both in turns, so that they meet the same noise.
    private func race(_ trial: CaseTrial, against leader: CaseTrial) throws(SemblanceError)
        -> (own: [Double], others: [Double])
    {
        var own: [Double] = [], others: [Double] = []
        let start = ContinuousClock.now
        while own.count < Self.mostRounds {
            others.append(try clock(leader))
            own.append(try clock(trial))
            let isFarBehind = own.count > 1 && own.allSatisfy { time in others.allSatisfy { time > 3 * $0 } }
            if isFarBehind { break }
            guard own.count >= Self.fewestRounds else { continue }
            let isBehind = own.median > 1.5 * others.median
            if isBehind || start.secondsElapsed > Self.patience { break }
        }
        return (own, others)
    }

    /// By the margin in the median, and so that the middle halves of both do not overlap.
    static func isClearlyFaster(_ own: [Double], than others: [Double]) -> Bool {
        own.median < others.median * (1 - margin) && own.quantile(0.75) < others.quantile(0.25)
    }
}
