/// Means over an epoch's steps.
struct EpochTotals {
    private var loss: Double = 0
    private var accuracy: Double = 0
    private var count = 0
    private let start = ContinuousClock.now

    mutating func add(_ record: StepRecord) {
        loss += Double(record.loss)
        accuracy += Double(record.accuracy)
        count += 1
    }

    func record(epoch: Int, of epochs: Int, step: Int, verification: VerificationSummary?) -> EpochRecord {
        EpochRecord(
            epoch: epoch, epochs: epochs, step: step, loss: Float(loss / Double(max(count, 1))),
            accuracy: Float(accuracy / Double(max(count, 1))), verification: verification,
            seconds: (ContinuousClock.now - start).seconds)
    }
}

/// Images per second, of the last steps and of the run; what happens in a pause does not count.
struct Speedometer {
    private var last = ContinuousClock.now
    private var smoothed: Double?
    private var images = 0
    private var seconds = 0.0

    var imagesPerSecond: Double { smoothed.map { 1 / $0 } ?? 0 }
    var overall: Double { seconds > 0 ? Double(images) / seconds : 0 }

    mutating func tick(images count: Int) {
        let now = ContinuousClock.now
        let elapsed = max((now - last).seconds, 1e-9)
        last = now
        images += count
        seconds += elapsed
        let perImage = elapsed / Double(count)
        smoothed = smoothed.map { 0.9 * $0 + 0.1 * perImage } ?? perImage
    }

    mutating func pause() { last = ContinuousClock.now }
}
