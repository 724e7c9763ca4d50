/// The interval that holds a proportion with a confidence of 95 %, by the score test (E. B. Wilson, 1927). It stays within 0 and 1 and
/// keeps its width where all trials went the same way, so that thin evidence shows. Trials count as independent; pairs that
/// share a person are less than that.
public struct ProportionInterval: Sendable, Codable, Hashable {
    public var low: Double
    public var high: Double

    /// - Parameter total: of trials; nothing is known of none, so 0 to 1.
    public init(successes: Int, of total: Int) {
        guard total > 0 else {
            (low, high) = (0, 1)
            return
        }
        // The normal distribution's 97.5th percentile.
        let z = 1.959963984540054
        let count = Double(total)
        let rate = Double(successes) / count
        let scale = 1 / (1 + z * z / count)
        let centre = (rate + z * z / (2 * count)) * scale
        let half = (rate * (1 - rate) / count + z * z / (4 * count * count)).squareRoot() * z * scale
        // Rounding must not put the ends beyond the rate itself.
        low = successes == 0 ? 0 : max(centre - half, 0)
        high = successes == total ? 1 : min(centre + half, 1)
    }
}
