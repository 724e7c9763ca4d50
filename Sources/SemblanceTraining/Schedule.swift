import Foundation

/// How the learning rate goes over a run, as a factor of the base rate.
public enum Schedule: Hashable, Sendable, Codable {
    case constant
    /// Times `factor` at each milestone, a fraction of the run.
    case step(milestones: [Double], factor: Double)
    /// Half a cosine from 1 to `floor`.
    case cosine(floor: Double)
    /// (1 - progress)^power.
    case polynomial(power: Double)

    /// The factor at a step, counted from 0: linear from 1/warmUp to 1 in the first `warmUp` steps, then the schedule over what remains.
    public func factor(step: Int, of total: Int, warmUp: Int = 0) -> Double {
        if step < warmUp { return Double(step + 1) / Double(warmUp) }
        let progress = Double(step - warmUp) / Double(max(total - warmUp, 1))
        switch self {
        case .constant: return 1
        case .step(let milestones, let factor):
            return pow(factor, Double(milestones.filter { progress >= $0 }.count))
        case .cosine(let floor): return floor + (1 - floor) * (1 + cos(.pi * min(progress, 1))) / 2
        case .polynomial(let power): return pow(max(1 - progress, 0), power)
        }
    }
}
