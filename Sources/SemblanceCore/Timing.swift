extension Duration {
    package var seconds: Double { Double(components.seconds) + Double(components.attoseconds) * 1e-18 }
}

extension ContinuousClock.Instant {
    /// Since then.
    package var secondsElapsed: Double { (ContinuousClock.now - self).seconds }
}

extension Array where Element: BinaryFloatingPoint {
    /// The value that so large a part of all is below, 0 to 1, between neighbours interpolated; NaN of none.
    package func quantile(_ part: Double) -> Element {
        guard !isEmpty else { return .nan }
        let sorted = sorted(), place = part * Double(count - 1)
        let lower = Int(place), upper = Swift.min(lower + 1, count - 1)
        return sorted[lower] + (sorted[upper] - sorted[lower]) * Element(place - Double(lower))
    }

    package var median: Element { quantile(0.5) }
}
